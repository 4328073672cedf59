using System.CommandLine;

namespace Benchmarks;

/// <summary>The command line that tools/bench calls.</summary>
internal static class CommandLine
{
    public static int Run(string[] args)
    {
        // A sweep hands its options on as they are.
        if (args is ["sweep", var pruner, var folder, .. var options])
            return new Sweep(pruner, options).Run(folder);

        var program = new Option<string>("--program") { Description = "The published onnxprune.", Required = true, Hidden = true };
        var maker = new Option<string>("--maker") { Description = "ModelMaker.dll.", Required = true, Hidden = true };
        var cache = new Option<string>("--cache") { Description = "Where made models are kept.", Required = true, Hidden = true };
        var runs =
            new Option<int>("--runs")
            {
                Description = "Measured runs of each network, after one that does not count.",
                DefaultValueFactory =
                _ =>
            9
            };
        var networks = new Option<string>("--networks")
        {
            Description = "Networks of ModelMaker, with commas.",
            DefaultValueFactory = _ =>
            "resnet50,resnet152"
        };
        var target = new Option<string>("--target") { Description = "What is asked of the pruner.", DefaultValueFactory = _ => "macs=50%" };
        var speed = new Command("speed", "Times the pruner as a whole process.") { program, maker, cache, runs, networks, target };
        speed.SetAction(given => new SpeedBenchmark(
            given.GetRequiredValue(program),
            new ModelCache(given.GetRequiredValue(maker), given.GetRequiredValue(cache)),
            given.GetRequiredValue(target))
                .Run(given.GetRequiredValue(networks).Split(',', StringSplitOptions.TrimEntries), given.GetValue(runs)));

        var model = new Argument<string>("model.onnx") { Description = "A classifier of CIFAR images." };
        var steps = new Option<int>("--steps") { Description = "How many steps.", DefaultValueFactory = _ => 60 };
        var batch = new Option<int>("--batch") { Description = "Samples per step.", DefaultValueFactory = _ => 128 };
        var threads =
            new Option<int>("--threads") { Description = "Threads of libtorch.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var training = new Command("training", "Times training steps.") { model, steps, batch, threads };
        training.SetAction(given => new TrainingBenchmark(given.GetValue(steps), given.GetValue(batch), given.GetValue(threads))
            .Run(given.GetRequiredValue(model)));

        var calibration = new Option<string>("--calib") { Description = "Unlabelled inputs.", Required = true };
        var data = new Option<string[]>("--data") { Description = "Labelled inputs; may be given several times.", Required = true };
        var normalize = new Option<string>("--normalize") { Description = "As onnxprune has it.", DefaultValueFactory = _ => "unit" };
        var targets = new Option<string>("--targets")
        {
            Description = "Targets, with commas; each is a run.",
            DefaultValueFactory = _ =>
            "macs=75%,macs=50%,macs=35%"
        };
        var further =
            new Option<string>("--options") { Description = "Further options of onnxprune, with blanks.", DefaultValueFactory = _ => "" };
        var accuracy = new Command(
            "accuracy",
            "Prunes to several targets with calibration inputs, and judges the "
                + "results.") { program, model, calibration, data, normalize, targets, further };
        accuracy.SetAction(given => new AccuracyBenchmark(
            given.GetRequiredValue(program),
            given.GetRequiredValue(calibration),
            given.GetRequiredValue(data),
            given.GetValue(normalize)!,
            given.GetValue(further)!.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Run(given.GetRequiredValue(model), given.GetValue(targets)!.Split(',', StringSplitOptions.TrimEntries)));

        var images = new Argument<string>("folder") { Description = "Images of one size, or with --resize of any." };
        var count = new Option<int>("--count") { Description = "How many of them.", DefaultValueFactory = _ => 2000 };
        var resize = new Option<int?>("--resize") { Description = "As onnxprune has it." };
        var decoding = new Command("images", "Times the reading of a folder of images.") { images, count, resize };
        decoding.SetAction(given => new ImageBenchmark(given.GetValue(count), given.GetValue(resize)).Run(given.GetRequiredValue(images)));

        var rounds = new Option<int>("--rounds") { Description = "How often everything is timed.", DefaultValueFactory = _ => 5 };
        var algebra = new Command("algebra", "Times the dense algebra of a calibration.") { rounds };
        algebra.SetAction(given => new AlgebraBenchmark(given.GetValue(rounds)).Run());

        return new RootCommand("Measures onnxprune.") { speed, accuracy, training, decoding, algebra }.Parse(args).Invoke();
    }
}
