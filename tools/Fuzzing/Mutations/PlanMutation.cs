using System.Text;
using System.Text.Json.Nodes;
using OnnxPrune.Planning;

namespace Fuzzing.Mutations;

/// <summary>
/// Damage to a plan: names of nothing, indices out of range, axes that do not exist, JSON of another form, bytes that are no JSON.
/// </summary>
internal static class PlanMutation
{
    public static byte[] Apply(PruningPlan plan, Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(random.Next(2) == 0 ? Content(plan, random).ToJson() : Form(plan, random));
        return random.Next(3) == 0 ? ByteMutation.Apply(bytes, "[[[{\"a\":1e999,\"cut\":[-1]}]]]"u8.ToArray(), random) : bytes;
    }

    private static PruningPlan Content(PruningPlan plan, Random random)
    {
        var cuts = plan.Channels.ToList();
        for (var n = random.Next(1, 4); n > 0 && cuts.Count > 0; n--)
        {
            var i = random.Next(cuts.Count);
            var (cut, other) = (cuts[i], cuts[random.Next(cuts.Count)]);
            cuts[i] = random.Next(9) switch
            {
                0 => cut with { Layer = other.Layer },
                1 => cut with { Layer = Interesting.Text(random) },
                2 => cut with { Axis = (int)Interesting.Number(random) },
                3 => cut with { Of = (int)Interesting.Number(random) },
                4 => cut with { Cut = [.. Enumerable.Range(0, Math.Clamp(cut.Of, 0, 4096))] },
                5 => cut with { Cut = [.. cut.Cut, (int)Interesting.Number(random)] },
                6 => cut with { Cut = [.. cut.Cut, .. cut.Cut] },
                7 => cut with { Cut = other.Cut },
                _ => cut with { Cut = [] },
            };
        }

        return plan with
        {
            Channels = random.Next(4) == 0 ? [.. cuts, .. cuts] : cuts,
            Blocks = random.Next(4) switch
            {
                0 =>
                [.. plan.Blocks, .. plan.Blocks],
                1 => [.. plan.Blocks, Interesting.Text(random)],
                2 => [],
                _ => plan.Blocks
            },
        };
    }

    private static string Form(PruningPlan plan, Random random)
    {
        var root = JsonNode.Parse(plan.ToJson())!.AsObject();
        var names = root.Select(p => p.Key).ToArray();
        var name = names[random.Next(names.Length)];
        switch (random.Next(4))
        {
            case 0:
                root.Remove(name);
                break;
            case 1:
                root[name + "x"] = 1;
                break;
            case 2:
                root[name] = null;
                break;
            default:
                root[name] = random.Next(5) switch
                {
                    0 =>
                    JsonValue.Create(Interesting.Number(random)),
                    1 => JsonValue.Create(Interesting.Text(random)),
                    2 => new JsonArray(1, "a", null),
                    3 => new JsonObject(),
                    _ => new JsonArray(new JsonObject { ["layer"] = null })
                };
                break;
        }

        return root.ToJsonString();
    }
}
