using System.Globalization;
using System.Security.Cryptography;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Accuracy;

/// <summary>
/// The answers of a network to some samples, as far as it tells whether it knows such samples. Samples that were prepared otherwise than
/// those it was trained on still give outputs, and two networks that agree on them prove nothing.
/// </summary>
internal sealed class AnswerProfile
{
    // Of fewer samples nothing can be said.
    private const int FewestSamples = 8;
    private const int FewestAlike = 16;
    private const int ManyAlike = 50;
    private const int ManyClasses = 10;
    private const int FewestOtherLabels = 5;

    // A guess is as good as one time in twenty by chance.
    private const double Significance = 0.05;
    private const double NoiseEntropy = 0.95;

    // How far outputs must vary from sample to sample, beside their mean, to be answers to the samples. Trained classifiers of CIFAR-10
    // vary by 0.5 on images of one class and by 3 to 8 on all, and by 0.003 to 0.08 on images that were normalized twice, all of which get
    // the same answer.
    private const double LeastVariation = 0.01;
    private const double LeastVariationOfOneAnswer = 0.1;
    private const double ProbabilityTolerance = 1e-3;

    // Larger outputs are maps, whose variation would take much memory.
    private const int MostElements = 1 << 20;

    private readonly HashSet<UInt128> _fingerprints = [];
    private readonly Dictionary<int, int> _answers = [];
    private readonly Dictionary<int, int> _labels = [];
    private int _correct;
    private double _entropy;
    private bool _areProbabilities = true;
    private bool _haveBothSigns = true;
    private double[]? _sum;
    private double _squares;

    private AnswerProfile()
    {
    }

    /// <summary>The number of samples that were run.</summary>
    public int Samples { get; private set; }

    /// <summary>Classes that the first output tells apart; 0 where it is no classifier's.</summary>
    public int Classes { get; private set; }

    /// <summary>Why the samples may not be such as the network knows; null where nothing speaks for that.</summary>
    public Doubt? Doubt => Samples < FewestSamples ? null : _labels.Count > 0 && Classes > 1 ? DoubtOfAccuracy() : DoubtOfAnswers();

    private bool IsOneAnswer => _answers.Count == 1;

    /// <summary>The number of samples that are the very same as some that another profile was made from.</summary>
    public int SharedWith(AnswerProfile other) => _fingerprints.Count(other._fingerprints.Contains);

    /// <summary>Runs a network over some samples.</summary>
    /// <exception cref="UsageException">The data do not fit the network, or an output is NaN.</exception>
    /// <exception cref="UnsupportedModelException">The runtime fails.</exception>
    public static AnswerProfile Of(OnnxSession session, IDataSource data, IReadOnlyList<int> indices, int batch = 32)
    {
        var profile = new AnswerProfile();
        var batches = 0;
        foreach (var samples in data.Batches(session.Inputs, indices, batch))
        {
            // A set of ONNX test data is one sample by its number, however many rows it has.
            Func<int, int> number = data.LargestBatch > 1 ? row => indices[profile.Samples + row] : _ => indices[batches];
            var outputs = session.Run(samples.Inputs);
            foreach (var output in session.Outputs)
            {
                CheckNumbers(output.Name, outputs[output.Name], samples, number, session, data);
            }

            batches++;

            profile.AddInputs(samples, session.Inputs[0].Name);
            profile.AddAnswers(outputs[session.Outputs[0].Name], samples);
            profile.Samples += samples.Count;
        }

        return profile;
    }

    private Doubt? DoubtOfAccuracy()
    {
        // What comes of guessing among all classes; or of answering as often as it does, but to any sample, where no class has most of the
        // labels.
        var byFrequency = _labels.Values.Max() * 2 > Samples ? 0 : _answers.Sum(a =>
            (double)a.Value / Samples * _labels.GetValueOrDefault(a.Key) / Samples);
        var chance = Math.Max(1.0 / Classes, byFrequency);
        var others = Samples - (IsOneAnswer ? _labels.GetValueOrDefault(_answers.Keys.First()) : Samples);
        return (double)_correct / Samples < (1 + chance) / 2 && AtLeast(_correct, Samples, chance) > Significance
            ? new Doubt(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"it is right for {_correct} of {Samples}, and guessing would be for about {chance * Samples:0.#}"),
                IsCertain: true)
            : others >= FewestOtherLabels
                ? new Doubt($"it gives all {Samples} the same answer, and {others} have another label", IsCertain: true)
                : null;
    }

    private Doubt? DoubtOfAnswers()
    {
        var least = IsOneAnswer && Classes > 2 ? LeastVariationOfOneAnswer : LeastVariation;
        if (_fingerprints.Count >= FewestSamples && _sum is { Length: > 0 } && Variation() < least)
        {
            return new Doubt(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"its outputs hardly depend on them (they vary by {100 * Variation():0.##} % of their mean)"),
                IsCertain: true);
        }

        if (Classes < 3)
        {
            return null;
        }

        if (IsOneAnswer && _fingerprints.Count >= FewestAlike)
        {
            // All samples may be of one kind, and what is taken for scores may be numbers of another kind.
            return new Doubt(
                $"it gives all {Samples} the same answer",
                IsCertain: Classes >= ManyClasses && _fingerprints.Count >= ManyAlike && (_areProbabilities || _haveBothSigns));
        }

        return _entropy / Samples / Math.Log(Classes) is var share && share > NoiseEntropy
            ? new Doubt(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"its answers are as unsure as a guess (the entropy of its classes is {100 * share:0} % of the largest possible)"),
                IsCertain: _areProbabilities)
            : null;
    }

    private double Variation()
    {
        var mean = _sum!.Sum(s => s / Samples * (s / Samples));
        return mean == 0 ? double.PositiveInfinity : Math.Sqrt(Math.Max(0, (_squares / Samples) - mean) / mean);
    }

    private void AddInputs(DataBatch batch, string input)
    {
        var tensor = batch.Inputs[input];
        var bytes = tensor.Data.Span;
        var length = tensor.Rank == 0 ? bytes.Length : bytes.Length / (int)tensor.Dims[0];
        for (var i = 0; i < batch.Count && length > 0; i++)
        {
            var hash = SHA256.HashData(bytes.Slice(i * length, length));
            _fingerprints.Add(BitConverter.ToUInt128(hash));
        }
    }

    private void AddAnswers(Tensor output, DataBatch batch)
    {
        var rows = output.Rank > 0 ? output.Dims[0] : 0;
        if (!output.ElementType.IsFloatingPoint() || rows < batch.Count || output.Count == 0 || output.Count / rows > MostElements)
        {
            return;
        }

        var (values, length) = (output.ToFloats(), (int)(output.Count / rows));
        AddVariation(values.AsSpan(0, batch.Count * length), length);
        if (output.Rank < 2 || length != output.Dims[1] || length < 2)
        {
            return;
        }

        Classes = length;
        for (var i = 0; i < batch.Count; i++)
        {
            AddAnswer(values.AsSpan(i * length, length), batch.Labels.Count > 0 ? batch.Labels[i] : null);
        }
    }

    private void AddVariation(ReadOnlySpan<float> values, int length)
    {
        _sum ??= new double[length];
        if (_sum.Length != length)
        {
            // Outputs of several sizes cannot be compared element by element.
            _sum = [];
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            _sum[i % length] += values[i];
            _squares += (double)values[i] * values[i];
        }
    }

    private void AddAnswer(ReadOnlySpan<float> scores, int? label)
    {
        var (answer, least, total) = (0, scores[0], 0.0);
        for (var i = 0; i < scores.Length; i++)
        {
            answer = scores[i] > scores[answer] ? i : answer;
            (least, total) = (Math.Min(least, scores[i]), total + scores[i]);
        }

        _answers[answer] = _answers.GetValueOrDefault(answer) + 1;
        var areProbabilities = least >= 0 && Math.Abs(total - 1) < ProbabilityTolerance;
        _areProbabilities &= areProbabilities;
        _haveBothSigns &= least < 0 && scores[answer] > 0;
        _entropy += Entropy(scores, scores[answer], areProbabilities);
        if (label is { } expected)
        {
            _labels[expected] = _labels.GetValueOrDefault(expected) + 1;
            _correct += answer == expected ? 1 : 0;
        }
    }

    /// <summary>−Σ p ln p of probabilities, or of the softmax of scores.</summary>
    private static double Entropy(ReadOnlySpan<float> scores, float largest, bool areProbabilities)
    {
        // With weights w of the sum W and p = w / W it is ln W − Σ w ln w / W.
        var (total, sum) = (0.0, 0.0);
        foreach (var score in scores)
        {
            var logarithm = areProbabilities ? Math.Log(score) : score - (double)largest;
            var weight = Math.Exp(logarithm);
            total += weight;
            sum += weight > 0 ? weight * logarithm : 0;
        }

        return Math.Log(total) - (sum / total);
    }

    /// <summary>The probability that at least so many of the trials succeed.</summary>
    private static double AtLeast(int successes, int trials, double chance)
    {
        var (below, logarithm) = (0.0, trials * Math.Log(1 - chance));
        for (var k = 0; k < successes; k++)
        {
            below += Math.Exp(logarithm);
            logarithm += Math.Log((double)(trials - k) / (k + 1) * chance / (1 - chance));
        }

        return 1 - below;
    }

    private static void CheckNumbers(
        string name, Tensor output, DataBatch batch, Func<int, int> number, OnnxSession session, IDataSource data)
    {
        if (!output.ElementType.IsFloatingPoint() || Array.FindIndex(output.ToFloats(), float.IsNaN) is not (var at and >= 0))
        {
            return;
        }

        var rows = output.Rank > 0 ? output.Dims[0] : 1;
        var sample = rows >= batch.Count ? (int)(at / (output.Count / rows)) : 0;
        if (sample < batch.Count)
        {
            throw new UsageException(
                $"The output '{name}' of {SessionFailure.Quote(session.Model)} is NaN for sample {number(sample)} of {data.Description}; "
                    + "nothing can be measured or repaired by it.");
        }
    }
}

/// <summary>Why samples may not be such as a network knows.</summary>
/// <param name="Reason">A clause about the network and the samples.</param>
/// <param name="IsCertain">Whether nothing that is measured on them can be relied on.</param>
internal sealed record Doubt(string Reason, bool IsCertain);
