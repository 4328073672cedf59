namespace OnnxPrune.Training.Steps;

/// <summary>The schedule of the learning rate.</summary>
internal enum Decay
{
    /// <summary>Divided by 10 at 50 % and again at 75 % of the steps: the paper's.</summary>
    Steps,

    /// <summary>Half a cosine down to zero (Loshchilov and Hutter 2017).</summary>
    Cosine,

    /// <summary>
    /// Up from a 25th of the peak and down to almost nothing, along half a cosine each (Smith and Topin 2018, as PyTorch has it).
    /// </summary>
    OneCycle,
}

/// <summary>The learning rate at every step of a phase.</summary>
/// <param name="Peak">The rate after the warm-up.</param>
/// <param name="WarmUp">The share of the steps in which it rises, 0 to 1: linearly, or along the cosine of one cycle, which takes 0 as
/// 0.3.</param>
internal sealed record LearningRate(double Peak, Decay Decay, double WarmUp)
{
    private const double UsualRise = 0.3;
    private const double LowestStart = 1.0 / 25;
    private const double LowestEnd = LowestStart / 10_000;

    /// <param name="step">From 0.</param>
    public double At(long step, long steps)
    {
        if (Decay == Decay.OneCycle)
        {
            return Peak * OneCycle(step, steps);
        }

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

    private double OneCycle(long step, long steps)
    {
        var top = ((WarmUp > 0 ? WarmUp : UsualRise) * steps) - 1;
        return step <= top
            ? Between(LowestStart, 1, top <= 0 ? 1 : step / top)
            : Between(1, LowestEnd, (step - top) / Math.Max(1, steps - 1 - top));
    }

    private static double Between(double start, double end, double done) =>
        end + ((start - end) * (1 + Math.Cos(Math.PI * Math.Min(1, done))) / 2);
}
