using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Calibration.Distillation;

/// <summary>The original, asked for its answers on any inputs by ONNX Runtime, on the caller's thread.</summary>
internal sealed class Teacher : IDisposable
{
    // Of a random half of the views, where the answer is the same for all of them.
    private const double SameAnswers = 0.9;
    private const int ShiftedPart = 8;

    private readonly OnnxSession _session;
    private readonly string _input;
    private readonly string _output;
    private readonly bool _isSingle;

    /// <param name="input">The only input.</param>
    /// <param name="output">A value that it leads to.</param>
    public Teacher(Model model, Value input, Value output)
    {
        (_input, _output) = (input.Name, output.Name);
        var settings = new SessionSettings { Threads = 1, Deterministic = true };
        _session = OnnxSession.Open(SubmodelBuilder.Extract(model, [input], [output]).ToBytes(), model.Folder, settings, "the original");
        _isSingle = _session.Inputs[0].FixedBatch == 1;
    }

    /// <returns>[N, ...].</returns>
    /// <exception cref="UnsupportedModelException">The model takes batches of another size only.</exception>
    public Tensor Answer(Tensor inputs)
    {
        if (!_isSingle)
        {
            return Run(inputs);
        }

        var answers = Enumerable.Range(0, (int)inputs.Dims[0]).Select(i => Run(inputs.Take(0, [i]))).ToArray();
        return Tensor.Of([.. answers.SelectMany(a => a.ToFloats())], [answers.Length, .. answers[0].Dims.Skip(1)]);
    }

    /// <summary>The views that the network takes for the same as their image: of nine in ten inputs, the class does not change.</summary>
    public ImageViews Views(IReadOnlyList<Tensor> inputs, SeededRandom random)
    {
        if (inputs.Count == 0 || ImageViews.AxesOf(inputs[0].Dims) is not { } axes)
        {
            return ImageViews.None;
        }

        var shift = (int)Math.Min(inputs[0].Dims[axes.Height], inputs[0].Dims[axes.Width]) / ShiftedPart;
        var plain = inputs.Select(Classes).ToArray();
        var mirrors = IsSame(new ImageViews(true, 0));
        return new ImageViews(mirrors, IsSame(new ImageViews(false, shift)) ? shift : 0);

        bool IsSame(ImageViews views) =>
            inputs.Zip(plain).Sum(p => Classes(views.Of(p.First, random)).Zip(p.Second).Count(c => c.First == c.Second))
                >= SameAnswers * plain.Sum(p => p.Length);
    }

    public void Dispose() => _session.Dispose();

    private Tensor Run(Tensor inputs) => _session.Run(new Dictionary<string, Tensor> { [_input] = inputs }, [_output])[_output];

    private int[] Classes(Tensor inputs)
    {
        var answers = Answer(inputs);
        var (scores, classes) = (answers.ToFloats(), (int)(answers.Count / answers.Dims[0]));
        return [.. Enumerable.Range(0, (int)answers.Dims[0]).Select(n => Largest(scores.AsSpan(n * classes, classes)))];
    }

    private static int Largest(ReadOnlySpan<float> scores)
    {
        var largest = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            largest = scores[i] > scores[largest] ? i : largest;
        }

        return largest;
    }
}
