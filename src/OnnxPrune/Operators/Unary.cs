using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>Y[i] = f(X[i])</c>: Y has the shape of X, and every axis keeps its channels. Further outputs (Dropout's mask) have that shape too.
/// </summary>
internal sealed class Unary : Operator
{
    private readonly Func<Node, Func<double, double>>? _function;

    /// <summary>A function whose values are of no use to us.</summary>
    public Unary()
    {
    }

    public Unary(Func<double, double> function) => _function = _ => function;

    public Unary(Func<double, Node, double> function) => _function = node => x => function(x, node);

    public override void Flow(Node node, ChannelFlow flow)
    {
        foreach (var output in node.Outputs)
        {
            flow.Pass(node.Required(0), output);
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) => terms.ShapeOf(node.Required(0));

    public override IEnumerable<(ValueAxis Axis, long Length)> Wants(Node node, ShapeTerms terms) => LengthsBehind(node, terms);

    public override ChannelMoments? Moments(Node node, MomentsFlow flow) =>
        _function is null ? null : flow.Of(node.Required(0))?.Through(_function(node));
}
