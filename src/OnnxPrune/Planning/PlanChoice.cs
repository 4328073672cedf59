namespace OnnxPrune.Planning;

/// <summary>A plan, and what led to it.</summary>
/// <param name="DeadBlocks">Blocks that go because they provably contribute nothing.</param>
/// <param name="DeadChannels">Channels that go for the same reason.</param>
/// <param name="JudgedOtherwise">Groups that the chosen criterion could not judge.</param>
internal sealed record PlanChoice(PruningPlan Plan, int DeadBlocks, int DeadChannels, int JudgedOtherwise);
