using System.CommandLine;
using System.Globalization;
using ModelMaker.Drawings;

namespace ModelMaker;

/// <summary>The maker's command line.</summary>
public static class CommandLine
{
    private const int WrongUsage = 2;

    private static readonly Option<ulong> Seed = new("--seed") { Description = "Seed of the weights.", DefaultValueFactory = _ => 1 };

    private static readonly Option<int> Opset = new("--opset")
    {
        Description = $"Version of the operator set, {MakeOptions.OldestOpset} to {MakeOptions.NewestOpset}.",
        DefaultValueFactory = _ => 13,
    };

    private static readonly Option<string> Batch = new("--batch")
    {
        Description = "Batch size: a number, or N for any.",
        DefaultValueFactory = _ => "N",
    };

    private static readonly Option<int?> Size = new("--size") { Description = "Height and width of the input, if not the usual ones." };

    private static readonly Option<bool> Fused = new("--fused") { Description = "Fold BatchNormalization into Conv." };

    private static readonly Option<bool> ComputedPads = new("--computed-pads")
    {
        Description = "Compute pads in the graph, as PyTorch 1.x does.",
    };

    private static readonly Option<bool> ValueInfo = new("--value-info") { Description = "Write the shape of every value." };

    private static readonly Argument<string> Name = new("name") { Description = "A network that 'list' shows." };

    private static readonly Argument<string> File = new("out.onnx") { Description = "The file to write." };

    private static readonly Argument<string> Images = new("out.npz") { Description = "The file to write." };

    private static readonly Argument<int> Count = new("count") { Description = "How many images." };

    private static readonly Option<int> DrawingSeed = new("--seed") { Description = "Seed of the images.", DefaultValueFactory = _ => 1 };

    private static readonly Option<bool> Unlabelled = new("--unlabelled") { Description = "Write the images alone." };

    private static readonly Argument<string> Folder = new("dir") { Description = "Where to write NAME.onnx files; made if missing." };

    static CommandLine()
    {
        Opset.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < MakeOptions.OldestOpset or > MakeOptions.NewestOpset)
                result.AddError($"--opset: the maker writes {MakeOptions.OldestOpset} to {MakeOptions.NewestOpset}.");
        });
        Batch.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is var text && text != "N" && !(int.TryParse(text, out var count) && count > 0))
                result.AddError($"--batch: '{text}' is neither a positive number nor N.");
        });
        Size.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is { } side && (side < 32 || side % 32 != 0))
                result.AddError($"--size: {side} is not a multiple of 32, the stride of the deepest networks.");
        });
        Name.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && Catalog.Find(name) is null)
                result.AddError($"No network is called '{name}'; 'list' shows them all.");
        });
    }

    /// <summary>Runs one command; 0 when done, 1 on failure, 2 on wrong usage.</summary>
    public static int Run(params string[] args)
    {
        var list = new Command("list", "Show the networks.");
        list.SetAction(_ => List());
        var make = new Command("make", "Make one network.") { Name, File };
        make.SetAction(given => Make(Catalog.Find(given.GetRequiredValue(Name))!, given.GetRequiredValue(File), Chosen(given)));
        var all = new Command("all", "Make every network.") { Folder };
        all.SetAction(given => MakeAll(given.GetRequiredValue(Folder), Chosen(given)));
        foreach (var option in new Option[] { Seed, Opset, Batch, Size, Fused, ComputedPads, ValueInfo })
        {
            make.Add(option);
            all.Add(option);
        }

        var draw = new Command(
            "draw", "Draw images of ten shapes under noise, with labels, 32x32 pixels.") { Images, Count, DrawingSeed, Unlabelled };
        draw.SetAction(given =>
            Draw(given.GetRequiredValue(Images), given.GetRequiredValue(Count), given.GetValue(DrawingSeed), given.GetValue(Unlabelled)));
        var parsed = new RootCommand(
            "Makes CNNs with random, calibrated weights as ONNX files, and images to train and judge them with.") { list, make, all, draw }
            .Parse(args);
        var code = parsed.Invoke();
        return parsed.Errors.Count > 0 ? WrongUsage : code;
    }

    private static void List()
    {
        foreach (var network in Catalog.All)
            Console.WriteLine($"{network.Name,-32}{network.Description}");
    }

    private static void MakeAll(string folder, MakeOptions options)
    {
        var target = Directory.CreateDirectory(folder);
        foreach (var network in Catalog.All)
            Make(network, Path.Combine(target.FullName, $"{network.Name}.onnx"), options);
    }

    private static void Make(Network network, string file, MakeOptions options)
    {
        var made = MadeNetwork.Make(network, options);
        var bytes = made.Save(file);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{file}: {made.Parameters:N0} parameters, {made.Macs / 1e6:N2} M MACs, {bytes:N0} bytes"));
    }

    private static void Draw(string file, int count, int seed, bool unlabelled)
    {
        var (pixels, labels) = new DrawnImages(seed).Draw(count);
        var images = ("images", pixels, new[] { count, DrawnImages.Side, DrawnImages.Side, DrawnImages.Channels });
        NumpyArchive.Write(file, unlabelled ? [images] : [images, ("labels", labels, [count])]);
    }

    private static MakeOptions Chosen(ParseResult parsed) => new()
    {
        Seed = parsed.GetValue(Seed),
        Opset = parsed.GetValue(Opset),
        Batch = parsed.GetValue(Batch) is { } text and not "N" ? int.Parse(text, CultureInfo.InvariantCulture) : null,
        Size = parsed.GetValue(Size),
        Fused = parsed.GetValue(Fused),
        ComputedPads = parsed.GetValue(ComputedPads),
        ValueInfo = parsed.GetValue(ValueInfo),
    };
}
