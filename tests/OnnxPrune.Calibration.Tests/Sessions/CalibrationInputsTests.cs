using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Tests.Sessions;

public sealed class CalibrationInputsTests
{
    private const long SmallMacs = 1_000_000;

    [Theory]
    [InlineData(5000, 32, SmallMacs, null, 2048)]
    [InlineData(300, 32, SmallMacs, null, 300)]
    [InlineData(5000, 224, SmallMacs, null, 265)]
    [InlineData(5000, 512, SmallMacs, null, 128)]
    [InlineData(5000, 32, 4_000_000_000, null, 250)]
    [InlineData(5000, 224, SmallMacs, 700, 700)]
    public void Large_images_and_networks_are_calibrated_on_fewer(int count, int side, long macs, int? limit, int expected)
    {
        var inputs = Read(new Source(count, side), macs, limit);

        Assert.Equal(expected, inputs.Samples);
        Assert.Equal(expected, inputs.Batches.Sum(b => b["x"].Dims[0]));
    }

    [Fact]
    public void Batches_are_read_when_they_are_asked_for()
    {
        var source = new Source(1000, 32);
        var inputs = Read(source, SmallMacs, null);
        var before = source.Reads;

        var (first, again) = (inputs.Batches[3]["x"].ToDoubles(), inputs.Batches[3]["x"].ToDoubles());

        Assert.Equal(first, again);
        Assert.Equal(before + 2, source.Reads);
        Assert.True(before <= 1);
    }

    [Fact]
    public void Layers_are_surveyed_and_cuts_tried_on_the_first_of_them()
    {
        var inputs = Read(new Source(1000, 32), SmallMacs, null);

        Assert.Equal(20, inputs.Batches.Count);
        var (all, surveyed, trials) = (Numbers(inputs.Batches), Numbers(inputs.Surveyed), Numbers(inputs.Trials));
        Assert.InRange(surveyed.Length, trials.Length, all.Length - 1);
        Assert.Equal(all[..surveyed.Length], surveyed);
        Assert.Equal(all[..trials.Length], trials);

        static double[] Numbers(IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches) =>
            [.. batches.SelectMany(b => b["x"].ToDoubles())];
    }

    [Theory]
    [InlineData(1000, SmallMacs, 12)]
    [InlineData(200, SmallMacs, 8)]
    [InlineData(120, SmallMacs, 0)]
    [InlineData(1000, 4_000_000_000, 0)]
    public void Plans_are_rehearsed_where_that_tells_something_and_takes_no_time(int count, long macs, int batches) =>
        Assert.Equal(batches, Read(new Source(count, 32), macs, null).PlanTrials.Count);

    [Fact]
    public void A_batch_that_the_model_fixes_is_counted_as_it_is()
    {
        var inputs = Read(new Source(1000, 32), SmallMacs, null, fixedBatch: 2);

        Assert.Equal(500, inputs.Batches.Count);
        Assert.Equal(50, inputs.Trials.Count);
    }

    private static CalibrationInputs Read(IDataSource source, long macs, int? limit, int? fixedBatch = null) =>
        CalibrationInputs.Read(source, [new ValueDescription(
            "x", ElementType.Float, new Shape(new Dim(fixedBatch), new Dim(3)))], new Cost(macs, 0, 0), limit, 1);

    private sealed class Source(int count, int side) : IDataSource
    {
        public int Reads { get; private set; }

        public string Description => "made images";

        public int Count => count;

        public bool HasLabels => false;

        public int LargestBatch => int.MaxValue;

        public IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs) => [];

        public int Label(int index) => throw new NotSupportedException();

        public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices)
        {
            Reads++;
            var image = 3 * side * side;
            var values = new float[indices.Length * image];
            for (var i = 0; i < indices.Length; i++)
            {
                values.AsSpan(i * image, image).Fill(indices[i]);
            }

            return new Dictionary<string, Tensor> { ["x"] = Tensor.Of(values, indices.Length, 3, side, side) };
        }
    }
}
