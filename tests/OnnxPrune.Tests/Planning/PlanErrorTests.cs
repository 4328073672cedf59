using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Planning;

public sealed class PlanErrorTests
{
    public static TheoryData<string, string> Plans => new()
    {
        { Plan(blocks: "\"add9\""), "The plan removes block 'add9', but the model has no residual block of that name." },
        { Plan(Cut("conv9", 4, "0")), "The plan cuts channels of 'conv9', but no layer of the model makes channels under that name." },
        { Plan(Cut("conv1", 5, "0")), "The plan was made for a 'conv1' with 5 channels, but here it has 4." },
        { Plan(Cut("conv1", 4, "4")), "The plan cuts channel 4 of 'conv1', which has 4." },
        { Plan(Cut("conv1", 4, "-1")), "The plan cuts channel -1 of 'conv1', which has 4." },
        { Plan(Cut("conv1", 4, "0,1,2,3")), "The cut leaves no channel on axis" },
        { Plan(Cut("conv2", 2, "0")), "The plan cuts channel 0 of 'conv2', which must stay: reaches the graph's output 'conv2.y'." },
        { Plan().Replace("\"schema_version\":1", "\"schema_version\":2"), "has the schema version 2; this program reads version 1." },
        { "{}", "is no pruning plan: " },
        { "[]", "is no pruning plan: " },
        { "null", "is no pruning plan: " },
        { "", "is no pruning plan: " },
        { Plan().Replace("blocks", "bricks"), "is no pruning plan: " },
    };

    [Theory]
    [MemberData(nameof(Plans))]
    public void Plan_that_does_not_fit_is_wrong_usage_and_changes_nothing(string json, string words)
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(g.Input(3, 4, 4), 4)));
        var model = ModelCopy.WithShapes(g.Build());
        var before = OnnxFile.ToBytes(model);

        var failure = Assert.Throws<UsageException>(() => Pruner.Apply(model, PruningPlan.FromJson(json, "'p.json'")));

        Assert.Contains(words, failure.Message);
        Assert.Equal(before, OnnxFile.ToBytes(model));
    }

    [Fact]
    public void Block_that_is_named_twice_goes_once()
    {
        var g = new TestGraph();
        var x = g.ConvBnRelu(g.Input(3, 4, 4), 4);
        g.Close(g.Relu(g.Add(g.Conv(x, 4, kernel: 3), x)));
        var model = ModelCopy.WithShapes(g.Build());

        var once = Pruner.Apply(model, PruningPlan.FromJson(Plan(blocks: "\"add1\""), "'p.json'"));
        var twice = Pruner.Apply(model, PruningPlan.FromJson(Plan(blocks: "\"add1\", \"add1\""), "'p.json'"));

        Assert.Equal(OnnxFile.ToBytes(once), OnnxFile.ToBytes(twice));
    }

    [Theory]
    [InlineData("macs=50%", 50L)]
    [InlineData("macs=0.25", 25L)]
    [InlineData("MACS=1K", 1000L)]
    [InlineData("params=1.5M", 1_500_000L)]
    [InlineData("channels=7", 7L)]
    public void Target_is_read(string text, long limit) => Assert.Equal(limit, Target.Parse(text).Limit(new Cost(100, 100, 100)));

    [Theory]
    [InlineData("macs")]
    [InlineData("macs=")]
    [InlineData("macs=0%")]
    [InlineData("macs=101%")]
    [InlineData("macs=-5")]
    [InlineData("speed=2")]
    [InlineData("macs=1e400")]
    [InlineData("macs=half")]
    public void Target_that_is_none_is_wrong_usage(string text) =>
        Assert.Contains("is no target; write macs=50%", Assert.Throws<UsageException>(() => Target.Parse(text)).Message);

    private static string Plan(string channels = "", string blocks = "") =>
        $$"""{"blocks":[{{blocks}}],"channels":[{{channels}}],"absorb_means":false,"schema_version":1}""";

    private static string Cut(string layer, int of, string cut) => $$"""{"layer":"{{layer}}","axis":1,"of":{{of}},"cut":[{{cut}}]}""";
}
