using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>Real inputs for a model, with labels or without, read by index. Opened by <see cref="DataSource"/>.</summary>
internal interface IDataSource
{
    /// <summary>Describes the source for reports: "4000 images of 3x32x32 from cifar10.bin, CIFAR-10 binary".</summary>
    string Description { get; }

    /// <summary>The number of samples; of ONNX test data, of sets.</summary>
    int Count { get; }

    bool HasLabels { get; }

    /// <summary>Samples that one batch can take at most: 1 for ONNX test data, whose sets are batches already.</summary>
    int LargestBatch { get; }

    /// <summary>
    /// Assumptions about the data where they feed these inputs, to be said aloud, such as the normalization that nobody asked for.
    /// </summary>
    IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs);

    /// <summary>The class of a sample, counted from 0. Only where <see cref="HasLabels"/>.</summary>
    int Label(int index);

    /// <summary>The inputs of a model for the given samples, stacked along the first axis.</summary>
    /// <exception cref="UsageException">The samples do not fit the inputs.</exception>
    IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices);

    /// <summary>A sample as people see it, as far as it is fed to these inputs; null where it is no image.</summary>
    SamplePicture? Picture(IReadOnlyList<ValueDescription> inputs, int index) => null;
}
