using System.Globalization;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;

// usage: PruneAndGate in.onnx out.onnx macs=50% unlabelled-images labelled-images normalization most-points-lost
var data = new MeasureOptions { Calib = args[3], Data = args[4], Normalize = args[5] };
var steps = new Progress<SessionProgress>(p => Console.Error.WriteLine(p.Note ?? $"{p.Step} {p.Share:0 %}"));
var session = await PruningSession.OpenAsync(args[0], data, steps);

var pruned = await session.PruneAsync(new PruningOptions { Targets = TargetList.Parse(args[2]), CutsBlocks = true });
var (before, after) = (pruned.Outcome.Before.Macs, pruned.Outcome.After.Macs);
var comparison = await session.VerifyAsync(pruned);
var top1 = comparison.Accuracy!.Models.Select(m => m.Top1!.Value).ToArray();
var speedup = comparison.Latency.Speedup;
Console.WriteLine($"{after / (double)before:0.0 %} of the MACs, accuracy {top1[0]:0.0 %} -> {top1[1]:0.0 %}, {speedup:0.00} times as fast");

// The gate: so many points of accuracy may be given up, or nothing is written.
if (100 * (top1[0] - top1[1]) > double.Parse(args[6], CultureInfo.InvariantCulture))
{
    Console.Error.WriteLine("The accuracy is not kept; ask for less, or give more images.");
    return 1;
}

await pruned.SaveAsync(args[1]);
return 0;
