using OnnxPrune.Calibration.Sessions;

// usage: InspectCoupling in.onnx
var session = await PruningSession.OpenAsync(args[0]);
var network = session.Analysis;
Console.WriteLine($"{network.Cost.Macs:N0} MACs, {network.Cost.Parameters:N0} parameters");

// The channels of a group leave together: every producer and every consumer shrinks by the same indices.
foreach (var group in network.Channels.Groups)
{
    var producers = string.Join(", ", group.Producers.Select(n => n.Label));
    var consumers = string.Join(", ", group.Consumers.Select(r => r.Node.Label).Distinct());
    Console.WriteLine($"{group.Channels.Count} channels of {producers}, read by {consumers}");
}

foreach (var blocked in network.Channels.Blocked)
{
    Console.WriteLine($"{blocked.Count} channels stay: {blocked.Reason}");
}
