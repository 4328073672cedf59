using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>The inputs that drift is measured on: the calibration data, or seeded synthetic ones.</summary>
internal sealed class DriftInputs
{
    private const int SyntheticSets = 4;

    private readonly IDataSource? _source;
    private readonly IReadOnlyList<int>? _samples;
    private readonly LoadedModel _model;
    private readonly MeasureOptions _options;

    /// <exception cref="UsageException">The calibration data cannot be read.</exception>
    public DriftInputs(LoadedModel model, MeasureOptions options)
    {
        (_model, _options) = (model, options);
        if (options.Calib is not null)
        {
            _source = options.OpenCalib();
            _samples = _source.Sample(options.CalibLimit, options.Seed);
        }
    }

    /// <summary>For reports.</summary>
    public string Description => _source is null
        ? $"{SyntheticSets} synthetic inputs, seed {_options.Seed}"
        : _samples!.Count < _source.Count ? $"{_samples.Count} of {_source.Description}" : _source.Description;

    /// <summary>The number of sets that <see cref="For"/> gives, about.</summary>
    public int Count => _source is null ? SyntheticSets : Math.Max(1, _samples!.Count / 32);

    /// <summary>The inputs set by set, for a session's inputs.</summary>
    public IEnumerable<IReadOnlyDictionary<string, Tensor>> For(OnnxSession session) => _source is null
        ? Enumerable.Range(0, SyntheticSets).Select(i => Synthetic(session, i))
        : _source.Batches(session.Inputs, _samples).Select(b => b.Inputs);

    /// <summary>One synthetic set.</summary>
    public IReadOnlyDictionary<string, Tensor> Synthetic(OnnxSession session, int index) => Synthetic(_model, _options, session, index);

    /// <summary>The same without opening the calibration data.</summary>
    public static IReadOnlyDictionary<string, Tensor> Synthetic(LoadedModel model, MeasureOptions options, OnnxSession session, int index)
    {
        // Seeds of neighbouring runs should not share inputs.
        var seed = ((long)options.Seed * SyntheticSets) + index;
        return SyntheticInputs.Make(session, seed, model.Concrete?.Inputs ?? options.InputShapes);
    }
}
