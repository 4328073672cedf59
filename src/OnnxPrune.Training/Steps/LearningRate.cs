namespace OnnxPrune.Training.Steps;

/// <summary>How the learning rate falls.</summary>
public enum Decay
{
    /// <summary>Divided by 10 at 50 % and again at 75 % of the steps: the paper's.</summary>
    Steps,

    /// <summary>Half a cosine down to zero (Loshchilov and Hutter 2017).</summary>
    Cosine,
}

/// <summary>The learning rate at every step of a phase.</summary>
/// <param name="Peak">The rate after the warm-up.</param>
/// <param name="WarmUp">The share of the steps in which it rises linearly, 0 to 1.</param>
public sealed record LearningRate(double Peak, Decay Decay, double WarmUp)
{
    /// <param name="step">From 0.</param>
    public double At(long step, long steps)
    {
        var warm = (long)(WarmUp * steps);
        if (step < warm)
        {
            return Peak * (step + 1) / warm;
        }

        var done = (double)(step - warm) / Math.Max(1, steps - warm);
        return Decay == Decay.Cosine
            ? Peak * (1 + Math.Cos(Math.PI * done)) / 2
            : Peak * (done < 0.5 ? 1 : done < 0.75 ? 0.1 : 0.01);
    }
}
