namespace Fuzzing.Targets;

/// <summary>Something that inputs are fed to.</summary>
public abstract class FuzzTarget
{
    /// <summary>All of them, the fastest first.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } = [
        new CoreTarget(), new PlanTarget(), new DataTarget(), new RuntimeTarget(), new CommandTarget()
    ];

    public abstract string Name { get; }

    /// <summary>A case that works for longer hangs.</summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(20);

    /// <summary>
    /// True if what a case allocates must keep to the size of its input. Running a network takes what its activations take.
    /// </summary>
    public virtual bool BoundsMemory => true;

    /// <summary>True if the published program must be there.</summary>
    public virtual bool NeedsProgram => false;

    public static FuzzTarget? Find(string name) => All.FirstOrDefault(t => t.Name == name);

    /// <summary>Called once in the process that feeds.</summary>
    /// <param name="folder">Where files may be written.</param>
    /// <param name="program">The published program, if there is one.</param>
    public virtual void Start(string folder, string? program)
    {
    }

    /// <summary>Makes the input of a case; depends on the dice alone.</summary>
    public abstract FuzzInput Make(Random random);

    /// <summary>Feeds it. An <see cref="OnnxPrune.OnnxPruneException"/> is an answer; any other exception is a finding.</summary>
    /// <param name="random">The dice where <see cref="Make"/> left them.</param>
    /// <returns>How it ended, in one word.</returns>
    public abstract string Feed(FuzzInput input, Random random);
}
