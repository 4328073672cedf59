using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace OnnxPrune.Cli.Tests;

/// <summary>Reports as pages of HTML: one file that is whole, safe and says what the JSON says.</summary>
public sealed partial class PageTests : TemporaryFolder
{
    private const string Shapes = "resnet20_shapes.onnx";
    private const long MostBytes = 200_000;

    private static string Models => Path.Combine(Cli.Root, "models");

    [Fact]
    public void The_page_of_a_calibrated_run_has_every_section_and_fetches_nothing()
    {
        // when
        var outcome = Cli.Run(
            Path.Combine(Models, Shapes), At("out.onnx"), "--target", "macs=60%", "--calib", Path.Combine(
                Models,
                "shapes_calibration.npz"), "--calib-limit", "50",
            "--data", Path.Combine(Models, "shapes_test.npz"), "--repair", "layers", "--report", At("r.html"), "-q");

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        var page = Read("r.html");
        string[] expected =
        [
            "verdict",
            "figures",
            "latency",
            "layer-times",
            "outputs",
            "accuracy",
            "moved",
            "channels",
            "blocks",
            "sensitivity",
            "stays",
            "reproduce",
        ];
        Assert.Equal(expected, page.Descendants("h2").Select(h => h.Attribute("id")!.Value));
        Assert.Equal(9, Section(page, "blocks").Descendants("li").Count());
        Assert.Equal(10, Section(page, "accuracy").Descendants("table").Single().Element("tbody")!.Elements().Count());
        Assert.Contains(Section(page, "sensitivity").Descendants("circle"), c => c.Attribute("class")!.Value == "taken");
        AssertSelfContained(page, At("r.html"));
    }

    [Fact]
    public void The_images_whose_answers_moved_most_are_shown_as_in_the_JSON()
    {
        // given
        var data = Path.Combine(Models, "shapes_test.npz");
        string[] compare = ["verify", Path.Combine(Models, Shapes), At("out.onnx"), "--data", data, "-q", "--report"];
        Cli.Run(Path.Combine(Models, Shapes), At("out.onnx"), "--target", "macs=60%", "--no-verify", "-q");

        // when
        Cli.Run([.. compare, At("v.json")]);
        Cli.Run([.. compare, At("v.html")]);

        // then
        using var report = JsonDocument.Parse(File.ReadAllText(At("v.json")));
        var moved = report.RootElement.GetProperty("verification").GetProperty("accuracy").GetProperty("moved").EnumerateArray().ToArray();
        double[] distances = [.. moved.Select(m => m.GetProperty("distance").GetDouble())];
        Assert.Equal(distances.OrderDescending(), distances);
        Assert.Equal(12, moved.Length);
        Assert.All(moved, m => Assert.Contains(m.GetProperty("classes").EnumerateArray(), c => SameClass(c, m.GetProperty("label"))));
        var page = Read("v.html");
        XElement[] cards = [.. Section(page, "moved").Descendants("li")];
        Assert.Equal(moved.Length, cards.Length);
        Assert.All(cards.Zip(moved), pair =>
        {
            Assert.StartsWith(
                $"Sample {pair.Second.GetProperty("sample")}, label {pair.Second.GetProperty("label")},", pair.First.Element("p")!.Value);
            Assert.Equal(pair.Second.GetProperty("classes").GetArrayLength(), pair.First.Descendants("tbody").Single().Elements().Count());
        });
        AssertSelfContained(page, At("v.html"));

        static bool SameClass(JsonElement one, JsonElement label) => one.GetProperty("class").GetInt32() == label.GetInt32();
    }

    [Fact]
    public void The_time_of_each_layer_stands_beside_its_MACs()
    {
        // when
        string[] prune = [Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "-q", "--report"];
        Cli.Run([.. prune, At("r.json")]);
        Cli.Run([.. prune, At("r.html")]);

        // then
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        var times = report.RootElement.GetProperty("verification").GetProperty("layer_times");
        var layers = times.GetProperty("layers").EnumerateArray().ToArray();
        Assert.Equal(JsonValueKind.Null, times.GetProperty("why_none").ValueKind);
        Assert.InRange(times.GetProperty("ideal_speedup").GetDouble(), 1.9, 2.2);
        Assert.Equal(1, layers.Sum(l => l.GetProperty("macs_share").GetDouble()), 0.01);
        Assert.InRange(layers.Sum(l => l.GetProperty("macs_share_after").GetDouble()), 0.45, 0.51);
        Assert.All(layers, l => Assert.InRange(l.GetProperty("original_ms").GetDouble(), 0, 100));
        Assert.Contains(layers, l => l.GetProperty("pruned_ms").GetDouble() > 0);
        var section = Section(Read("r.html"), "layer-times");
        Assert.Contains("Ideal by MACs: 2.", section.Value);
        Assert.Equal(layers.Select(l => l.GetProperty("name").GetString()), Rows(section).Keys);
        Assert.Equal(2 * layers.Length, section.Descendants("g").Count());
    }

    [Fact]
    public void The_page_says_what_the_JSON_says()
    {
        // given: a plan, so that both runs make the same model
        Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--plan-out", At("plan.json"), "--no-verify", "-q");

        // when
        Cli.Run(Cli.Resnet, At("out.onnx"), "--plan", At("plan.json"), "--no-verify", "--report", At("r.json"), "-q");
        Cli.Run(Cli.Resnet, At("out.onnx"), "--plan", At("plan.json"), "--no-verify", "--report", At("r.html"), "-q");

        // then
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        var page = Read("r.html");
        var figures = Rows(Section(page, "figures"));
        Assert.Equal([Count(report, "original", "macs"), Count(report, "pruned", "macs")], figures["MACs"][..2]);
        Assert.Equal([Count(report, "original", "parameters"), Count(report, "pruned", "parameters")], figures["Parameters"][..2]);
        var layers = Rows(Section(page, "channels"));
        Assert.All(
            report.RootElement.GetProperty("layers").EnumerateArray().Where(l => layers.ContainsKey(l.GetProperty("name").GetString()!)),
            l => Assert.Equal(l.GetProperty("channels_after").GetRawText(), layers[l.GetProperty("name").GetString()!][2]));
        Assert.Equal(20, layers.Count);
        Assert.Contains(report.RootElement.GetProperty("pruned").GetProperty("sha256").GetString()!, Section(page, "reproduce").Value);
        Assert.DoesNotContain(page.Descendants("h2"), h => h.Attribute("id")!.Value == "latency");
    }

    [Fact]
    public void Names_of_a_model_stay_text()
    {
        // given: a node whose name is HTML
        var path = At("hostile.onnx");
        File.WriteAllBytes(path, Replaced(File.ReadAllBytes(Cli.Resnet), "/layer1/layer1.0/conv1/Conv", "<img src=/x onerror=a()>&\"'"));

        // when
        var outcome = Cli.Run(path, At("out.onnx"), "--target", "macs=50%", "--no-verify", "--report", At("r.html"), "-q");

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        var page = Read("r.html");
        Assert.Contains(page.Descendants("th"), th => th.Value.StartsWith("<img src=/x onerror=a()>&\"'", StringComparison.Ordinal));
        Assert.Empty(page.Descendants("img"));
        AssertSelfContained(page, At("r.html"));
    }

    [Fact]
    public void A_refused_run_says_why_and_how_far_it_gets()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=1%", "--report", At("r.html"));

        // then
        Assert.Equal(3, outcome.ExitCode);
        var page = Read("r.html");
        Assert.Contains("Refused (exit code 3)", Section(page, "verdict").Value);
        Assert.Equal("macs=1%", Section(page, "verdict").Descendants("tbody").Single().Descendants("th").Single().Value);
        Assert.Equal(["verdict", "reproduce"], page.Descendants("h2").Select(h => h.Attribute("id")!.Value));
    }

    [Fact]
    public void A_search_within_a_limit_shows_what_it_tried()
    {
        // when
        Cli.Run(Cli.Resnet, At("out.onnx"), "--max-drift", "0.1", "--report", At("r.html"), "-q");

        // then
        var search = Section(Read("r.html"), "search");
        var tried = search.Descendants("tbody").Single().Elements("tr").Count();
        Assert.InRange(tried, 3, 7);
        Assert.Equal(tried, search.Descendants("circle").Count());
    }

    [Fact]
    public void A_comparison_that_misses_a_limit_has_a_page()
    {
        // given
        Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=75%", "--no-verify", "-q");

        // when
        var outcome = Cli.Run("verify", Cli.Resnet, At("out.onnx"), "--max-drift", "1e-6", "--report", At("v.html"));

        // then
        Assert.Equal(1, outcome.ExitCode);
        var page = Read("v.html");
        Assert.Equal(
            ["verdict", "figures", "latency", "layer-times", "outputs", "reproduce"],
            page.Descendants("h2").Select(h => h.Attribute("id")!.Value));
        Assert.Equal("no", Rows(Section(page, "verdict"))["--max-drift"][^1]);
        AssertSelfContained(page, At("v.html"));
    }

    [Fact]
    public void A_quantization_has_a_page()
    {
        // when
        Cli.Run(
            "quantize", Path.Combine(Models, Shapes), At("out.onnx"), "--calib", Path.Combine(
                Models,
                "shapes_calibration.npz"), "--calib-limit", "20", "--keep-slower", "--report", At("q.html"), "-q");

        // then
        var page = Read("q.html");
        Assert.Contains("layers with integers whose ranges come from 20 samples", Section(page, "verdict").Value);
        AssertSelfContained(page, At("q.html"));
    }

    [Fact]
    public void A_finetuning_has_a_page_that_says_what_its_JSON_says()
    {
        string[] finetune =
        [
            "finetune", Path.Combine(Models, "resnet20_shapes.onnx"), At("f.onnx"), "--data", Path.Combine(Models, "shapes_test.npz"),
            "--limit", "60", "--hold-out", "20", "--epochs", "1", "--batch", "20", "--lr", "0.001", "--threads", "1",
        ];

        // when
        var outcome = Cli.Run([.. finetune, "--report", At("f.html")]);
        var same = Cli.Run([.. finetune, "--report", At("f.json")]);

        // then
        Assert.Equal((0, 0), (outcome.ExitCode, same.ExitCode));
        var page = Read("f.html");
        Assert.Equal(
            ["verdict", "figures", "latency", "options", "reproduce"],
            page.Descendants("h2").Select(h => h.Attribute("id")!.Value));
        using var report = JsonDocument.Parse(File.ReadAllText(At("f.json")));
        Assert.Equal(Count(report, "trained", "macs"), Rows(Section(page, "figures"))["MACs"][1]);
        var top1 = report.RootElement.GetProperty("top1");
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"{100 * top1.GetProperty("before").GetDouble():0.00} %"),
            Rows(Section(page, "figures"))["Top-1 accuracy"][0]);
        AssertSelfContained(page, At("f.html"));
    }

    [Fact]
    public void Inspect_measures_what_cuts_would_do_as_table_JSON_and_page()
    {
        // given
        string[] arguments =
        [
            "inspect",
            Path.Combine(Models, Shapes),
            "--calib",
            Path.Combine(Models, "shapes_calibration.npz"),
            "--calib-limit",
            "50",
        ];

        // when
        var text = Cli.Run([.. arguments, "--report", At("i.html")]);
        var json = Cli.Run([.. arguments, "--json"]);

        // then: deeper cuts never do less
        Assert.Equal((0, 0), (text.ExitCode, json.ExitCode));
        Assert.Contains("Damage of cutting channels to a part", text.Output);
        using var document = JsonDocument.Parse(json.Output);
        var sensitivity = document.RootElement.GetProperty("sensitivity");
        var groups = sensitivity.GetProperty("groups").EnumerateArray().ToArray();
        Assert.All(groups, group =>
        {
            var channels = group.GetProperty("channels").GetInt32();
            var options = group.GetProperty("options").EnumerateArray().Select(
                o => (Kept: o.GetProperty("kept").GetInt32(), Damage: o.GetProperty("damage").GetDouble())).ToArray();
            Assert.Equal([3 * channels / 4, channels / 2, channels / 4], options.Select(o => o.Kept));
            Assert.Equal(options.Select(o => o.Damage).Order(), options.Select(o => o.Damage));
            Assert.True(options[^1].Damage > 0);
        });
        var page = Read("i.html");
        Assert.Equal(groups.Length, Rows(Section(page, "sensitivity")).Count);
        Assert.Equal(
            (3 * groups.Length) + sensitivity.GetProperty("blocks").GetArrayLength(),
            Section(page, "sensitivity").Descendants("circle").Count());
        AssertSelfContained(page, At("i.html"));
    }

    [Fact]
    public void Inspect_draws_nothing_without_inputs()
    {
        var outcome = Cli.Run("inspect", Cli.Resnet, "--report", At("i.html"));

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("--calib", outcome.Error);
        Assert.False(File.Exists(At("i.html")));
    }

    private XElement Read(string name)
    {
        var text = File.ReadAllText(At(name));
        Assert.StartsWith("<!DOCTYPE html>\n<html lang=\"en\">", text);
        return XDocument.Parse(text).Root!;
    }

    /// <summary>No script, nothing from elsewhere, ids that are unique and found, and a description of every drawing.</summary>
    private static void AssertSelfContained(XElement page, string path)
    {
        Assert.InRange(new FileInfo(path).Length, 1, MostBytes);
        Assert.DoesNotContain(page.Descendants(), e => e.Name.LocalName is "script" or "link" or "iframe" or "object");
        Assert.All(page.Descendants().Attributes("href"), a => Assert.StartsWith("#", a.Value));
        Assert.All(page.Descendants().Attributes("src"), a => Assert.StartsWith("data:image/png;base64,", a.Value));
        Assert.All(page.Descendants("img"), i => Assert.NotEqual("", i.Attribute("alt")!.Value));
        Assert.DoesNotMatch(Fetches(), page.Descendants("style").Single().Value);
        string[] ids = [.. page.Descendants().Attributes("id").Select(a => a.Value)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(
            page.Descendants().Attributes().Where(a => a.Name.LocalName is "href" or "aria-labelledby"),
            a => Assert.Contains(a.Value.TrimStart('#'), ids));
        Assert.All(
            page.Descendants("svg").Where(s => s.Attribute("aria-hidden") is null),
            s => Assert.Equal("img", s.Attribute("role")!.Value));
        Assert.Single(page.Descendants("h1"));
    }

    private static XElement Section(XElement page, string id) =>
        page.Descendants("section").Single(s => s.Attribute("aria-labelledby")!.Value == id);

    /// <summary>The cells of a section's table, by the head of their row.</summary>
    private static Dictionary<string, string[]> Rows(XElement section) =>
        section.Descendants("tbody").First().Elements("tr").ToDictionary(
            r => r.Element("th")!.Value,
            r => r.Elements("td").Select(c => c.Value).ToArray());

    private static string Count(JsonDocument report, string model, string field) =>
        report.RootElement.GetProperty(model).GetProperty(field).GetInt64().ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>The bytes with another text, filled up to the same length, wherever one stands.</summary>
    private static byte[] Replaced(byte[] bytes, string text, string other)
    {
        var (from, to) = (System.Text.Encoding.UTF8.GetBytes(text), System.Text.Encoding.UTF8.GetBytes(other.PadRight(text.Length)));
        Assert.Equal(from.Length, to.Length);
        var at = bytes.AsSpan().IndexOf(from);
        Assert.True(at >= 0);
        for (; at >= 0; at = bytes.AsSpan().IndexOf(from))
        {
            to.CopyTo(bytes.AsSpan(at));
        }

        return bytes;
    }

    [GeneratedRegex(@"url\(|@import|https?:")]
    private static partial Regex Fetches();
}
