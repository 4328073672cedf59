using System.Collections.Concurrent;
using System.Diagnostics;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Sessions;

/// <summary>The walks over the whole model that one run takes, by its activities.</summary>
public sealed class AnalysisCountTests
{
    private static readonly string s_models = Path.Combine(SharedFiles.Root, "models");

    [Theory]
    [InlineData(false, "macs=60%", 2, 2)]
    [InlineData(true, "macs=60%", 3, 9)]
    [InlineData(true, "macs=40%", 3, 9)]
    public async Task One_run_analyses_and_copies_the_model_a_few_times(
        bool isCalibrated, string targets, int mostAnalyses, int mostCopies)
    {
        // given: the run's activities are the descendants of one that begins here, whatever else is run at the same time
        var counts = new ConcurrentDictionary<string, int>();
        using var run = new Activity("run").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Activities.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
            ActivityStarted = step =>
            {
                if (step.TraceId == run.TraceId)
                {
                    counts.AddOrUpdate(step.OperationName, 1, (_, count) => count + 1);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        var measure = new MeasureOptions
        {
            Calib = isCalibrated ? Path.Combine(s_models, "shapes_calibration.npz") : null,
            CalibLimit = 96,
            Sessions = new SessionSettings { Threads = 1 },
        };

        // when
        var session = await PruningSession.OpenAsync(Path.Combine(s_models, "resnet20_shapes.onnx"), measure);
        var pruned = await session.PruneAsync(new PruningOptions { Targets = TargetList.Parse(targets), CutsBlocks = isCalibrated });

        // then
        Assert.True(pruned.Outcome.After.Macs < pruned.Outcome.Before.Macs);
        Assert.Equal(isCalibrated, pruned.Outcome.Repaired > 0);
        var (analyses, copies) = (counts[Activities.FollowChannels], counts[Activities.CopyGraph]);
        Assert.True(
            analyses <= mostAnalyses && copies <= mostCopies,
            $"{analyses} analyses and {copies} copies, {counts[Activities.FindBlocks]} searches for blocks");
    }
}
