using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;
using OnnxPrune.Calibration.Activations;
using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Importance;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Reconstruction;

/// <summary>
/// Takes channels from a network and repairs it from unlabelled inputs, layer by layer in topological order, each on what the network
/// gives it by then. A layer that ends a residual branch is fitted to the original's sum minus the shortcut as it is now, so that it
/// makes up for every error before it, removed blocks included; every other layer is fitted to its own original output.
/// </summary>
/// <remarks>
/// Nothing is sliced here: channels that leave lose the weights that read them, which gives the same outputs as cutting them (masked
/// equals pruned). Where a group is read by one layer alone, its members are chosen at that layer's turn, on what it then has to fit.
/// </remarks>
internal sealed class LayerwiseReconstruction
{
    private readonly ChannelGraph _graph;
    private readonly Model _work;
    private readonly ConstantValues _constants = new();
    private readonly HashSet<int> _leaving;
    private readonly Dictionary<Node, OpenChoice> _choices;
    private readonly Dictionary<Node, Node> _twins;
    private readonly IReadOnlyList<LayerPair> _units;
    private readonly SessionSettings _settings;
    private readonly bool _isRough;

    /// <summary>A group whose members are chosen at its reader's turn.</summary>
    /// <param name="Group">The group.</param>
    /// <param name="Kept">How many stay.</param>
    public sealed record OpenChoice(ChannelGroup Group, int Kept);

    /// <param name="graph">The original's channels; its model is not changed.</param>
    /// <param name="work">A copy of the original, possibly without some blocks, with shapes; its weights change.</param>
    /// <param name="leaving">The channels that leave; of the choices' groups, only how many counts.</param>
    /// <param name="twins">The copy's nodes by the original's; those that are gone from the copy do not count.</param>
    /// <param name="choices">Groups that are decided on the way, by the original's layer that reads them.</param>
    /// <param name="isRough">Whether what comes out is only to be compared.</param>
    public LayerwiseReconstruction(
        ChannelGraph graph,
        Model work,
        IReadOnlyDictionary<Node, Node> twins,
        IEnumerable<int> leaving,
        IReadOnlyDictionary<Node, OpenChoice> choices,
        SessionSettings settings,
        bool isRough = false)
    {
        (_graph, _work, _settings, _isRough) = (graph, work, settings, isRough);
        _leaving = [.. leaving];
        var there = work.Graph.Nodes.ToHashSet();
        _twins = twins.Where(p => there.Contains(p.Value)).ToDictionary();
        _units = LayerPair.All(graph, work, _twins, _constants);

        // A choice needs its layer's turn.
        var before = _units.Select(u => u.Before.Layer).ToHashSet();
        _choices = choices.Where(c => before.Contains(c.Key)).ToDictionary();
        _leaving.ExceptWith(_choices.Values.SelectMany(c => c.Group.Channels));
    }

    /// <summary>The original's channels.</summary>
    public ChannelGraph Graph => _graph;

    /// <summary>The copy that is repaired.</summary>
    public Model Work => _work;

    /// <summary>The layers that can be repaired, in the order in which they are.</summary>
    public IReadOnlyList<LayerPair> Units => _units;

    /// <summary>The channels that leave, those chosen on the way included.</summary>
    public IReadOnlySet<int> Leaving => _leaving;

    /// <param name="original">The original, not moved yet.</param>
    /// <param name="ends">Values of the original that its cursor goes on holding, for what comes afterwards.</param>
    /// <param name="batches">Inputs of the network, those of the original's cursor; at least two.</param>
    /// <param name="progress">Called with the share that is done.</param>
    /// <returns>The names of the layers that were fitted.</returns>
    public IReadOnlyList<string> Run(
        LayerwiseExecutor original,
        IReadOnlyList<Value> ends,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        long seed,
        Action<double>? progress,
        CancellationToken cancellation)
    {
        var masks = HideFromOthers();
        try
        {
            return RunMasked();
        }
        finally
        {
            masks.ForEach(m => m.Remove());
        }

        List<string> RunMasked()
        {
            var done = new List<string>();
            using var work = new LayerwiseExecutor(_work, batches, _settings);
            var firstLoss = FirstLoss(original);
            var changed = false;
            for (var i = 0; i < _units.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var (unit, before) = (_units[i].Unit, _units[i].Before);

                // A layer that ends a branch waits for its shortcut, so that layers take their turns in another order than they run in:
                // what is still to be repaired lies before the copy's cursor, and what it is to come to is kept.
                Concurrently.Run(
                    () => MoveOriginal(i),
                    () => work.MoveBehind(_units.Skip(i).Min(u => work.PlaceOf(u.Unit.Layer)) - 1),
                    _settings.Threads);

                // Up to the first loss there is nothing to repair.
                changed = changed || Loses(before) || firstLoss < original.PlaceOf(before.Output.Producer!);
                if (changed)
                {
                    // A small regression leaves threads idle, and the original does not wait for it.
                    var sums = Sums(_units[i], original, work, new SeededRandom(seed + i));
                    Concurrently.Run(() => Fit(_units[i], sums), () => MoveOriginal(i + 1), _settings.Threads);
                    done.Add(unit.Layer.Label);
                }

                progress?.Invoke((i + 1.0) / _units.Count);
            }

            return done;
        }

        void MoveOriginal(int i)
        {
            if (i < _units.Count)
            {
                original.MoveBehind(original.PlaceOf(_units[i].Target), _units.Skip(i).Select(u => u.Target).Concat(ends));
            }
        }
    }

    private bool Loses(AffineLayer before) => _choices.ContainsKey(before.Layer) || InputChannels(before)?.Any(_leaving.Contains) == true;

    /// <summary>Readers that are not repaired must not see what leaves either.</summary>
    private List<ChannelMask> HideFromOthers()
    {
        var masks = new List<ChannelMask>();
        foreach (var reader in Others().Where(r => _twins.TryGetValue(r.Node, out var own) && ChannelMask.Fits(own, r.Input)))
        {
            var channels = _graph.Channels(reader.Value, reader.Axis)!;
            var mask = ChannelMask.Insert(_graph, reader, _work.Graph, _twins[reader.Node]);
            mask.Hide(i => _leaving.Contains(channels[i]));
            masks.Add(mask);
        }

        return masks;
    }

    /// <summary>Places that lose channels, but belong to no layer that is repaired.</summary>
    private IEnumerable<ChannelConsumer> Others()
    {
        var repaired = _units.Select(u => u.Before.Layer).ToHashSet();
        return _graph.Consumers.Where(r => !repaired.Contains(r.Node) && _graph.Channels(r.Value, r.Axis)!.Any(_leaving.Contains));
    }

    /// <summary>The first node of the original that is gone, or reads less without being repaired.</summary>
    private int FirstLoss(LayerwiseExecutor original) => _graph.Model.Graph.Nodes
        .Where(n => !_twins.ContainsKey(n) && !IsDead(n))
        .Concat(Others().Select(r => r.Node))
        .Select(original.PlaceOf)
        .DefaultIfEmpty(int.MaxValue)
        .Min();

    private static bool IsDead(Node node) => node.Outputs.All(o => o is null || (o.Uses.Count == 0 && !o.IsGraphOutput));

    /// <summary>Repairs one layer on what both networks give behind their cursors.</summary>
    public void Repair(LayerPair pair, LayerwiseExecutor original, LayerwiseExecutor work, SeededRandom random) =>
        Fit(pair, Sums(pair, original, work, random));

    private LayerSums Sums(LayerPair pair, LayerwiseExecutor original, LayerwiseExecutor work, SeededRandom random)
    {
        var (unit, channels) = (pair.Unit, pair.Unit.InputCount(_constants));
        var (shortcut, targets) = pair.ByChannels ? (null, channels) : (unit.Shortcut, unit.OutputCount(_constants));
        return LayerSums.Collect(pair, shortcut, _constants, work, original, targets, KnownToStay(pair.Before, channels), random, _isRough);
    }

    private void Fit(LayerPair pair, LayerSums sums)
    {
        var (unit, before) = (pair.Unit, pair.Before);
        var (weights, shift) = unit.FoldedWeights(_constants);
        var channels = unit.InputCount(_constants);
        var known = KnownToStay(before, channels);
        if (pair.ByChannels)
        {
            FitByChannels(pair, sums, known, weights, shift);
            return;
        }

        var taps = weights.RowCount / channels;
        if (_choices.TryGetValue(before.Layer, out var choice))
        {
            Choose(choice, before, (sums.A[0], sums.B[0]), weights, taps);
        }

        // A group reads its own channels, makes its own outputs, and is a regression by itself.
        var outputs = weights.ColumnCount / unit.Groups;
        var features = Enumerable.Range(0, unit.Groups)
            .Select(g => Kept(before, g * channels, channels).SelectMany(c => Enumerable.Range(c * taps, taps)).ToArray())
            .ToArray();
        var fits = RidgeRegression.Solve([.. features.Select((kept, g) =>
            Problem(sums, g, known is null ? kept : null, Part(weights, kept, g * outputs, outputs)))], _isRough);
        var repaired = Matrix<double>.Build.Dense(weights.RowCount, weights.ColumnCount);
        for (var g = 0; g < fits.Count; g++)
        {
            for (var i = 0; i < features[g].Length; i++)
            {
                for (var m = 0; m < outputs; m++)
                {
                    repaired[features[g][i], (g * outputs) + m] = fits[g].Weights[i, m];
                }
            }
        }

        unit.Replace(_work.Graph, _constants, repaired, [.. fits.SelectMany(f => f.Intercept)]);
    }

    /// <summary>
    /// Every channel that the original has there is predicted from those that are left, and the weights are passed through the prediction:
    /// a linear combination of channels commutes with convolution. The border, where zeros are padded, is off by the intercept.
    /// </summary>
    private void FitByChannels(LayerPair pair, LayerSums sums, int[]? known, Matrix<double> weights, double[] shift)
    {
        var (unit, before) = (pair.Unit, pair.Before);
        var channels = unit.InputCount(_constants);
        var taps = weights.RowCount / channels;
        if (_choices.TryGetValue(before.Layer, out var choice))
        {
            Choose(choice, before, (sums.A[0], sums.B[0]), Matrix<double>.Build.Dense(channels, taps * weights.ColumnCount, (c, k) =>
                weights[(c * taps) + (k / weights.ColumnCount), k % weights.ColumnCount]), 1);
        }

        var kept = Kept(before, 0, channels).ToArray();
        var identity = Part(Matrix<double>.Build.DenseIdentity(channels), kept, 0, channels);
        var fit = RidgeRegression.Solve([Problem(sums, 0, known is null ? kept : null, identity)], _isRough)[0];
        var repaired = Matrix<double>.Build.Dense(weights.RowCount, weights.ColumnCount);
        for (var t = 0; t < taps; t++)
        {
            var ofTap = Part(weights, [.. Enumerable.Range(0, channels).Select(c => (c * taps) + t)], 0, weights.ColumnCount);
            var passed = DenseProduct.Of(fit.Weights, ofTap);
            for (var k = 0; k < kept.Length; k++)
            {
                repaired.SetRow((kept[k] * taps) + t, passed.Row(k));
            }

            for (var m = 0; m < shift.Length; m++)
            {
                for (var c = 0; c < channels; c++)
                {
                    shift[m] += fit.Intercept[c] * ofTap[c, m];
                }
            }
        }

        unit.Replace(_work.Graph, _constants, repaired, shift);
    }

    /// <summary>Takes the members of a group one by one, always the one whose loss costs least on what the layer has to fit now.</summary>
    private void Choose(OpenChoice choice, AffineLayer before, (NormalEquations A, NormalEquations B) sums, Matrix<double> prior, int taps)
    {
        var channels = InputChannels(before)!;
        var all = new NormalEquations(sums.A.Features, sums.A.Targets);
        all.Add(sums.A);
        all.Add(sums.B);
        var covariance = all.Covariance() / all.Samples;
        // By channels, the sums' targets are the input itself; what matters is what the layer makes of it.
        var weights = prior.ColumnCount == all.Targets ? RidgeRegression.Solve(all, prior, 1e-2) : prior;
        var surgeon = new OptimalBrainSurgeon(covariance, weights, taps);
        foreach (var gone in Enumerable.Range(0, channels.Length).Where(i => _leaving.Contains(channels[i])))
        {
            surgeon.Remove(gone);
        }

        var places = channels.Select((c, i) => (c, i)).ToLookup(p => p.c, p => p.i);
        var left = choice.Group.Channels.Where(c => !_leaving.Contains(c)).ToList();
        while (left.Count > choice.Kept)
        {
            var next = left
                .OrderBy(c => places[c].Sum(surgeon.CostOf))
                .Take(Math.Min(OptimalBrainSurgeon.AtOnce(left.Count), left.Count - choice.Kept))
                .ToHashSet();
            surgeon.Remove([.. next.SelectMany(c => places[c])]);
            left.RemoveAll(next.Contains);
            _leaving.UnionWith(next);
        }
    }

    /// <summary>The channels of the layer's input that stay, where that is settled before its sums are made; null otherwise.</summary>
    private int[]? KnownToStay(AffineLayer before, int channels) =>
        before.Groups == 1
            && !_choices.ContainsKey(before.Layer)
            && Kept(before, 0, channels).ToArray() is { Length: > 0 } kept ? kept : null;

    /// <summary>The regression of one group on some of its features, or on all.</summary>
    private static RidgeRegression.Problem Problem(LayerSums sums, int group, int[]? features, Matrix<double> prior) => features is null
        ? new RidgeRegression.Problem(sums.A[group], sums.B[group], prior)
        : new RidgeRegression.Problem(sums.A[group].Select(features), sums.B[group].Select(features), prior);

    private int[]? InputChannels(AffineLayer before) => _graph.Channels(before.Input, before.InputAxis);

    /// <summary>Of so many channels from the first on, those that stay, counted from the first.</summary>
    private IEnumerable<int> Kept(AffineLayer before, int first, int count) =>
        InputChannels(before) is { } channels
            ? Enumerable.Range(0, count).Where(i => !_leaving.Contains(channels[first + i]))
            : Enumerable.Range(0, count);

    private static Matrix<double> Part(Matrix<double> matrix, IReadOnlyList<int> rows, int firstColumn, int columns) =>
        Matrix<double>.Build.Dense(rows.Count, columns, (i, j) => matrix[rows[i], firstColumn + j]);
}
