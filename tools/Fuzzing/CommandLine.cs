using System.CommandLine;
using Fuzzing.Runs;
using Fuzzing.Targets;

namespace Fuzzing;

/// <summary>The command line that tools/fuzz calls.</summary>
public static class CommandLine
{
    private const int WrongUsage = 2;

    /// <returns>0 when nothing was found, 1 when something was, 2 on wrong usage.</returns>
    public static int Run(params string[] args)
    {
        var target =
            new Option<string[]>("--target")
            {
                Description =
                $"What is fed: {string.Join(", ", FuzzTarget.All.Select(t => t.Name))}; all by default.",
                AllowMultipleArgumentsPerToken =
                true
            };
        var seconds = new Option<int?>("--seconds") { Description = "How long each target runs." };
        var count = new Option<long?>("--count") { Description = "How many inputs each target gets." };
        var seed = new Option<int>("--seed") { Description = "The same seed makes the same inputs.", DefaultValueFactory = _ => 1 };
        var from = new Option<long>("--from") { Description = "The number of the first input." };
        var findings =
            new Option<string>("--findings")
            {
                Description = "Where inputs are kept that were not survived.",
                DefaultValueFactory = _ =>
            "findings"
            };
        var program = new Option<string?>("--program") { Description = "The published onnxprune, for the target cli." };
        target.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(t => FuzzTarget.Find(t.Value) is null) is { } unknown)
                result.AddError($"--target: there is no '{unknown.Value}'.");
        });

        var run = new RootCommand(
            "Feeds damaged inputs to onnxprune. What is not refused in one sentence or handled right is kept as a file.")
        {
            target, seconds, count, seed, from, findings, program,
        };
        run.SetAction(given => new Campaign(new CampaignOptions
        {
            Targets = given.GetValue(target) is { Length: > 0 } names ? [.. names.Select(n => FuzzTarget.Find(n)!)] : FuzzTarget.All,
            Seconds = given.GetValue(seconds),
            Count = given.GetValue(count),
            Seed = given.GetValue(seed),
            From = given.GetValue(from),
            Findings = given.GetRequiredValue(findings),
            Program = given.GetValue(program),
        }).Run());

        // The campaign calls this in a process of its own, which may crash or hang.
        var work = new Command("work") { target, seed, from, program };
        work.Hidden = true;
        work.SetAction(given =>
            Worker.Run(
                FuzzTarget.Find(given.GetRequiredValue(target)[0])!, given.GetValue(seed), given.GetValue(from), given.GetValue(program)));
        run.Add(work);

        var parsed = run.Parse(args);
        var code = parsed.Invoke();
        return parsed.Errors.Count > 0 ? WrongUsage : code;
    }
}
