using OnnxPrune.Runtime.Latency.LayerTiming;

namespace OnnxPrune.Runtime.Tests.Latency.LayerTiming;

public sealed class OperatorProfileTests
{
    [Fact]
    public void Operators_are_added_up_run_by_run()
    {
        // given: two whole runs, the first one with a loop, and one that was not ended
        var profile = """
            [
              {"cat": "Session", "name": "session_initialization", "dur": 700, "args": {}},
              {"cat": "Node", "name": "a_kernel_time", "dur": 20, "args": {"op_name": "Conv"}},
              {"cat": "Node", "name": "a_kernel_time", "dur": 22, "args": {"op_name": "Conv"}},
              {"cat": "Node", "name": "b_fence_before", "dur": 5, "args": {}},
              {"cat": "Session", "name": "model_run", "dur": 50, "args": {}},
              {"cat": "Node", "name": "a_kernel_time", "dur": 1000, "args": {"op_name": "Conv"}},
              {"cat": "Node", "name": "b_kernel_time", "dur": 3, "args": {"op_name": "Relu"}},
              {"cat": "Session", "name": "model_run", "dur": 1100, "args": {}},
              {"cat": "Node", "name": "a_kernel_time", "dur": 9, "args": {"op_name": "Conv"}}
            ]
            """u8.ToArray();

        // when
        var runs = OperatorProfile.Parse(profile);

        // then
        Assert.Equal(2, runs.Count);
        Assert.Equal(0.042, Assert.Single(runs[0]).Value, 9);
        Assert.Equal(["a", "b"], runs[1].Keys);
        Assert.Equal(0.003, runs[1]["b"], 9);
    }

    [Theory]
    [InlineData(new[] { 5.0 }, 5)]
    [InlineData(new[] { 2.0, 900, 3 }, 3)]
    [InlineData(new[] { 1.0, 2, 3, 900 }, 2.5)]
    [InlineData(new[] { 700.0, 3, 2, 2, 3, 3, 0, 900 }, 2.75)]
    public void The_usual_time_is_the_mean_of_the_middle_half(double[] times, double usual) =>
        Assert.Equal(usual, ProfiledModel.Usual(times));
}
