using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>An axis of a value.</summary>
internal readonly record struct ValueAxis(Value Value, int Axis)
{
    internal ValueAxis CopyTo(CopyMap copyOf) => new(copyOf[Value], Axis);
}

/// <summary>
/// One integer that the graph computes from shapes: its number where that is known, and the axes whose lengths it was computed
/// from. <see cref="IsLengthOf"/> tells the plain case, where it is the length of exactly one axis.
/// </summary>
internal readonly record struct DimTerm(long? Known, IReadOnlyList<ValueAxis> Sources, bool IsPlain)
{
    public static DimTerm Constant(long? number) => new(number, [], true);

    public static DimTerm LengthOf(Value value, int axis, Dim dim) => new(dim.Size, [new ValueAxis(value, axis)], true);

    public static DimTerm Computed(long? known, params IEnumerable<DimTerm> from) =>
        new(known, [.. from.SelectMany(t => t.Sources).Distinct()], false);

    internal DimTerm CopyTo(CopyMap copyOf) => this with { Sources = [.. Sources.Select(s => s.CopyTo(copyOf))] };

    public bool IsLengthOf(Value value, int axis) => IsPlain && Sources.Count == 1 && Sources[0] == new ValueAxis(value, axis);
}
