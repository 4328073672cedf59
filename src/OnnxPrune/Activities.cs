using System.Diagnostics;

namespace OnnxPrune;

/// <summary>
/// The steps that walk over a whole model, as activities for who listens to <see cref="SourceName"/>: tests count them. They cost nothing
/// where nobody does.
/// </summary>
internal static class Activities
{
    public const string SourceName = "OnnxPrune";
    public const string CopyGraph = "copy a graph";
    public const string FollowChannels = "follow the channels";
    public const string FindBlocks = "find the residual blocks";

    private static readonly ActivitySource s_source = new(SourceName);

    /// <summary>Begins a step; disposing what is returned ends it.</summary>
    public static IDisposable? Begin(string step) => s_source.StartActivity(step);
}
