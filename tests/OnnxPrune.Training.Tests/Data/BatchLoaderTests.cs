using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.Tests.Runs;

namespace OnnxPrune.Training.Tests.Data;

public sealed class BatchLoaderTests
{
    private static readonly ValueDescription s_input = new("x", ElementType.Float, new Shape());

    [Fact]
    public void An_epoch_has_every_sample_once_in_an_order_of_its_own()
    {
        // given
        var loader = new BatchLoader(new SampleStore(s_input, (new Stripes(30, 1), null)), Augmentation.None, 10, seed: 7);

        // when
        var (first, again, second) = (Epoch(0), Epoch(0), Epoch(1));

        // then
        Assert.Equal(3, loader.BatchesPerEpoch);
        Assert.Equal(30, first.Distinct().Count());
        Assert.Equal(first, again);
        Assert.NotEqual(first, second);
        Assert.Equal(first.Order(), second.Order());

        float[] Epoch(int epoch) =>
            [.. loader.Epoch(epoch).SelectMany(b => b.Inputs.Where((_, i) => i % (3 * Stripes.Side * Stripes.Side) == 0).ToArray())];
    }

    [Fact]
    public void An_epoch_can_begin_anywhere()
    {
        // given
        var loader = new BatchLoader(new SampleStore(s_input, (new Stripes(40, 1), null)), Augmentation.Cifar, 8, seed: 7);

        // when
        var whole = loader.Epoch(3).Select(b => b.Inputs.ToArray()).ToArray();
        var rest = loader.Epoch(3, start: 2).Select(b => b.Inputs.ToArray()).ToArray();

        // then
        Assert.Equal(whole[2..], rest);
    }

    [Fact]
    public void Samples_that_cannot_be_read_end_the_epoch_with_their_own_error()
    {
        // given: a second source whose images are of another size
        var loader =
            new BatchLoader(new SampleStore(s_input, (new Stripes(4, 1), null), (new Broken(), null)), Augmentation.None, 4, seed: 7);

        // then
        Assert.Throws<UsageException>(() => loader.Epoch(0).Count());
    }

    private sealed class Broken : OnnxPrune.Runtime.Data.IDataSource
    {
        public string Description => "broken";

        public int Count => 4;

        public bool HasLabels => true;

        public int LargestBatch => 1;

        public IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs) => [];

        public int Label(int index) => 0;

        public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices) =>
            throw new UsageException("The image is damaged.");
    }
}
