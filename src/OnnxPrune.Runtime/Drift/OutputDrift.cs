namespace OnnxPrune.Runtime.Drift;

/// <summary>The distance of one model's outputs from those of another, over all inputs that were run.</summary>
public sealed record DriftReport
{
    internal DriftReport(double total, IReadOnlyList<OutputDrift> outputs, int runs) => (Total, Outputs, Runs) = (total, outputs, runs);

    /// <summary>‖y−y′‖/‖y‖ over all floating-point outputs together; 0 where there are none.</summary>
    public double Total { get; }

    /// <summary>The number of sets of inputs that were run.</summary>
    public int Runs { get; }

    internal IReadOnlyList<OutputDrift> Outputs { get; }

    /// <summary>The lowest share of equal elements of the integer and bool outputs; 1 where there are none.</summary>
    public double LowestEqualShare => Outputs.Select(o => o.EqualShare ?? 1).DefaultIfEmpty(1).Min();
}

/// <summary>The drift of one output.</summary>
/// <param name="RelativeError">‖y−y′‖/‖y‖ of a floating-point output; null for others. Infinite when y is zero everywhere and y′ is
/// not.</param>
/// <param name="LargestError">max |y−y′| of a floating-point output; null for others.</param>
/// <param name="EqualShare">The share of equal elements, 0 to 1, of an integer or bool output; null for floating-point ones.</param>
internal sealed record OutputDrift(string Name, double? RelativeError, double? LargestError, double? EqualShare);
