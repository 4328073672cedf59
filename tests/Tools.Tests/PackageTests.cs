using System.IO.Compression;
using System.Text.RegularExpressions;
using OnnxPrune.Testing;

namespace Tools.Tests;

/// <summary>The packages that <c>dotnet pack</c> makes, installed and used as their users do.</summary>
public sealed partial class PackageTests(PackageTests.Packed packed) : IClassFixture<PackageTests.Packed>
{
    private static readonly string[] s_libraries = [
        "OnnxPrune.Calibration", "OnnxPrune.Core", "OnnxPrune.Runtime", "OnnxPrune.Sandbox", "OnnxPrune.Torch", "OnnxPrune.Training"
    ];

    private static string Resnet => Path.Combine(Repository.Root, "models", "resnet20_cifar_A.onnx");

    [Fact]
    public void The_libraries_and_the_tool_are_packed_and_nothing_else() => Assert.Equal(
        [.. s_libraries, "onnxprune", "onnxprune.linux-x64"],
        Directory.GetFiles(packed.Folder, "*.nupkg")
            .Select(p => Path.GetFileName(p)[..^$".{packed.Version}.nupkg".Length])
            .Order(StringComparer.Ordinal));

    [Fact]
    public void A_library_comes_with_readme_licence_comments_and_symbols() => Assert.All(s_libraries, id =>
    {
        var assembly = id == "OnnxPrune.Core" ? "OnnxPrune" : id;
        using var package = ZipFile.OpenRead(packed.Path(id, "nupkg"));
        using var symbols = ZipFile.OpenRead(packed.Path(id, "snupkg"));

        Assert.Subset(
            package.Entries.Select(e => e.FullName).ToHashSet(),
            new HashSet<string> { "README.md", "LICENSE", $"lib/net10.0/{assembly}.dll", $"lib/net10.0/{assembly}.xml" });
        Assert.Contains(symbols.Entries, e => e.FullName == $"lib/net10.0/{assembly}.pdb");
        Assert.DoesNotContain(package.Entries, e => e.FullName.EndsWith(".so", StringComparison.Ordinal));
        using var nuspec = new StreamReader(package.GetEntry($"{id}.nuspec")!.Open());
        var text = nuspec.ReadToEnd();
        Assert.Matches("""<license type="expression">MIT</license>""", text);
        Assert.Matches("""<repository type="git"[^>]* commit="[0-9a-f]{40}" />""", text);
        Assert.All(Dependency().Matches(text), own => Assert.Equal(packed.Version, own.Groups[1].Value));
    });

    [Fact]
    public void The_tool_holds_the_CPU_library_and_leaves_out_what_it_fetches()
    {
        using var tool = ZipFile.OpenRead(packed.Path("onnxprune.linux-x64", "nupkg"));
        var names = tool.Entries.Select(e => e.Name).ToHashSet();

        Assert.Contains("libonnxruntime.so", names);
        Assert.Contains("libLibTorchSharp.so", names);
        Assert.DoesNotContain("libtorch_cpu.so", names);
        Assert.DoesNotContain("libonnxruntime_providers_cuda.so", names);
    }

    [Fact]
    public void The_tool_is_installed_from_a_folder_and_prunes_with_and_without_data()
    {
        // given
        using var folder = new TemporaryFolder();
        var install = Command.Run(
            "dotnet",
            [
                "tool",
                "install",
                "onnxprune",
                "--version",
                packed.Version,
                "--tool-path",
                folder.File("tools"),
                "--add-source",
                packed.Folder
            ]);
        Assert.True(install.ExitCode == 0, install.Output + install.Error);
        var tool = folder.File("tools/onnxprune");

        // when
        var version = Run(tool, "--version", "-v");
        var plain = Run(tool, Resnet, folder.File("plain.onnx"), "--target", "macs=50%");
        var calibrated =
            Run(
                tool,
                Resnet,
                folder.File("calibrated.onnx"),
                "--target",
                "macs=60%",
                "--calib",
                TestImages.Cifar(folder, 64),
                "--normalize",
                "cifar10",
                "--no-verify");
        var trained =
            Run(
                tool,
                "train",
                Resnet,
                folder.File("trained.onnx"),
                "--data",
                TestImages.Cifar(folder, 64),
                "--normalize",
                "cifar10",
                "--gate-epochs",
                "1",
                "--recover-epochs",
                "0",
                "--sparse-epochs",
                "0",
                "--epochs",
                "0");

        // then
        Assert.Matches(
            $@"^{Regex.Escape(packed.Version)}\+[0-9a-f]{{40}}\n\.NET \d+\.\d+\.\d+, compiled as it runs, vectors of \d+ bits\n"
            + @"ONNX Runtime \d+\.\d+\.\d+\nlibtorch (\d+\.\d+\.\d+, in '|not installed).*\nCUDA ",
            version.Output);
        Assert.True(plain.ExitCode == 0, plain.Error);
        Assert.True(calibrated.ExitCode == 0, calibrated.Error);
        Assert.Contains("layers", calibrated.Output, StringComparison.Ordinal);
        Assert.True(trained.ExitCode == 0, trained.Error);
    }

    [Fact]
    public void Without_libtorch_and_a_way_to_fetch_it_one_sentence_says_how_to_get_it()
    {
        // given a tool, an empty package folder, and no dotnet on the PATH
        using var folder = new TemporaryFolder();
        ZipFile.ExtractToDirectory(packed.Path("onnxprune.linux-x64", "nupkg"), folder.File("package"));
        var tool = folder.File("package/tools/net10.0/linux-x64/OnnxPrune.Cli");
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        // when
        var outcome = Command.Run(
            tool,
            [Resnet, folder.File("out.onnx"), "--target", "macs=60%", "--calib", TestImages.Cifar(folder, 64), "--no-verify"],
            new Dictionary<string, string>
            {
                ["NUGET_PACKAGES"] = folder.File("none"),
                ["PATH"] = "",
                ["DOTNET_ROOT"] =
                TestedProgram.DotnetRoot
            });

        // then
        Assert.Equal(2, outcome.ExitCode);
        Assert.Matches(
            @"onnxprune: libtorch is not on this machine: fetching the package libtorch-cpu-linux-x64 [\d.]+ "
            + @"\(.* MB .*\) into '.*', this once\.\n"
            + @"onnxprune: libtorch is not on this machine and could not be fetched \(there is no 'dotnet' on the PATH\); "
            + @".* unpack libtorch-cpu-linux-x64\.[\d.]+\.nupkg into '.*'\.\n$",
            outcome.Error);
        Assert.False(File.Exists(folder.File("out.onnx")));
    }

    [Fact]
    public void Dnx_runs_the_tool_without_installing_it()
    {
        using var folder = new TemporaryFolder();

        var run = Command.Run(
            "dotnet",
            ["dnx", $"onnxprune@{packed.Version}", "--source", packed.Folder, "--yes", "--", "--version"],
            new Dictionary<string, string> { ["NUGET_PACKAGES"] = folder.Root });

        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        Assert.Contains(packed.Version, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_references_the_packages_prunes_and_loads_libtorch()
    {
        // given
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("Directory.Build.props"), "<Project />");
        File.WriteAllText(folder.File("Directory.Build.targets"), "<Project />");
        File.WriteAllText(folder.File("Directory.Packages.props"), "<Project />");
        File.WriteAllText(folder.File("app.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
                <RestorePackagesPath>{folder.File("packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{packed.UsersPackages}</RestoreFallbackFolders>
                <RestoreAdditionalProjectSources>{packed.Folder}</RestoreAdditionalProjectSources>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="OnnxPrune.Calibration" Version="{packed.Version}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(folder.File("Program.cs"), """
            using OnnxPrune.Calibration.Sessions;
            using OnnxPrune.Runtime.Comparing;
            using OnnxPrune.Runtime.Latency;

            var session = await PruningSession.OpenAsync(args[0], new MeasureOptions { Calib = args[1] });
            var pruned = await session.PruneAsync(new PruningOptions { Targets = TargetList.Parse("macs=60%") });
            var isLoaded = File.ReadLines("/proc/self/maps").Any(l => l.Contains("libtorch_cpu"));
            Console.WriteLine($"{pruned.Outcome.After.Macs} MACs, libtorch: {isLoaded}");
            """);

        // when
        var build =
            Command.Run("dotnet", ["build", folder.File("app.csproj"), "-c", "Release", "-o", folder.File("out"), "-nodeReuse:false"]);
        Assert.True(build.ExitCode == 0, build.Output);
        var run = Command.Run("dotnet", [folder.File("out/app.dll"), InModels("resnet20_shapes.onnx"), InModels("shapes_calibration.npz")]);

        // then
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Matches(@"^\d+ MACs, libtorch: True", run.Output);
        Assert.True(File.Exists(folder.File("out/OnnxPrune.Sandbox.dll")));
    }

    private static string InModels(string name) => Path.Combine(Repository.Root, "models", name);

    private static Command Run(string tool, params string[] arguments) =>
        Command.Run(tool, arguments, new Dictionary<string, string> { ["DOTNET_ROOT"] = TestedProgram.DotnetRoot });

    [GeneratedRegex("""<dependency id="OnnxPrune[^"]*" version="([^"]+)" """)]
    private static partial Regex Dependency();

    /// <summary>The packages, made once for all tests of this class.</summary>
    public sealed class Packed : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Packed()
        {
            var pack = Command.Run("dotnet", ["pack", System.IO.Path.Combine(
                Repository.Root, "OnnxPrune.sln"), "-c", "Release", "-o", _folder.Root, "-v", "quiet", "-nologo", "-nodeReuse:false"]);
            Assert.True(pack.ExitCode == 0, pack.Output + pack.Error);
            Version = System.IO.Path.GetFileName(Directory.GetFiles(_folder.Root, "OnnxPrune.Training.*.nupkg")
                .Single())["OnnxPrune.Training.".Length..^".nupkg".Length];
        }

        public string Folder => _folder.Root;

        public string Version { get; }

        /// <summary>The folder that the packages which we depend on are in.</summary>
        public string UsersPackages { get; } = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
            ? set
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

        public string Path(string id, string kind) => System.IO.Path.Combine(Folder, $"{id}.{Version}.{kind}");

        public void Dispose() => _folder.Dispose();
    }
}
