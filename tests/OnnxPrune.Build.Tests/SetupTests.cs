namespace OnnxPrune.Build.Tests;

/// <summary>
/// tools/setup in a folder of its own, with a dotnet and an npm that only pretend: quick, the same on every machine,
/// and a feed can have, lack or refuse whatever the test wants.
/// </summary>
public sealed class SetupTests : IDisposable
{
    private const string PretendedDotnet = """
        #!/usr/bin/env bash
        echo "dotnet $*" >>"$CALLS"
        if [[ $* != *probe.csproj* ]]; then
          [[ $* != *OnnxPruneStack=nuget* || $(<"$FEED") == full ]]
          exit
        fi
        case $(<"$FEED") in
          full) exit 0 ;;
          lacking) echo "error NU1101: Unable to find package OnnxSharp."; exit 1 ;;
          *) echo "error NU1301: Unable to load the service index."; exit 1 ;;
        esac
        """;

    private const string PretendedNpm = """
        #!/usr/bin/env bash
        echo "npm $*" >>"$CALLS"
        while [[ $1 != --pack-destination ]]; do shift; done
        made=$(mktemp -d) out=$2 natives=package/Plugins/Linux/x64
        mkdir -p "$made/package/Runtime" "$made/$natives"
        touch "$made/package/Runtime/Api.cs" "$made/package/Runtime/Api.cs.meta" "$made/package/LICENSE" "$made/package/ThirdPartyNotices.txt"
        touch "$made/$natives/libonnxruntime_providers_shared.so"
        case $3 in
          *gpu@*) touch "$made/$natives/libonnxruntime_providers_"{cuda,tensorrt}.so ;;
          *extensions@*) touch "$made/$natives/libortextensions.so" ;;
          *) touch "$made/$natives/libonnxruntime.so" ;;
        esac
        tar -czf "$out/packed.tgz" -C "$made" package
        rm -rf "$made"
        # A download that was cut off: npm says so, and leaves what it has.
        if [[ -e $CALLS.cut ]]; then truncate -s 50 "$out/packed.tgz"; exit 1; fi
        """;

    // Builds what setup asks for, unless the machine has no libtorch, or one with other names.
    private const string PretendedCmake = """
        #!/usr/bin/env bash
        echo "cmake $*" >>"$CALLS"
        [[ ! -e $CALLS.notorch ]] || exit 1
        if [[ $1 == --build && -e $CALLS.othertorch ]]; then echo "shim.cpp:72:26: error: 'at::GradMode' has not been declared"; exit 1; fi
        if [[ $1 == --build ]]; then touch "$2/libTorchStandIn.so"; else mkdir -p "$4"; fi
        """;

    private const string PretendedApt = """
        #!/usr/bin/env bash
        echo "apt-get $*" >>"$CALLS"
        exit 1
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("onnxprune-setup-").FullName;
    private readonly Dictionary<string, string> _environment;

    public SetupTests()
    {
        Directory.CreateDirectory(At("tools"));
        foreach (var file in new[] { "tools/setup", "Directory.Packages.props" })
        {
            File.Copy(Path.Combine(Repository.Root, file), At(file));
        }
        WriteExecutable("bin/dotnet", PretendedDotnet);
        WriteExecutable("bin/npm", PretendedNpm);
        WriteExecutable("bin/cmake", PretendedCmake);
        WriteExecutable("bin/apt-get", PretendedApt);
        _environment = new Dictionary<string, string>
        {
            ["PATH"] = At("bin") + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH"),
            ["CALLS"] = At("calls"),
            ["FEED"] = At("feed"),
            ["CI"] = "true",
        };
        FeedIs("lacking");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_feed_with_all_packages_gives_the_nuget_stack()
    {
        FeedIs("full");

        var setup = Setup();

        Assert.Equal("setup: stack 'nuget': the NuGet feed has all packages.\n", setup.Output);
        Assert.False(File.Exists(At(".stack/local")));
        Assert.DoesNotContain("npm", Calls);
    }

    [Fact]
    public void A_feed_that_lacks_a_package_gives_the_local_stack_with_this_machines_files_only()
    {
        var setup = Setup();

        Assert.Equal(0, setup.ExitCode);
        Assert.StartsWith("setup: stack 'local': the NuGet feed lacks OnnxSharp or ONNX Runtime; fetched ONNX Runtime and its extensions (npm ", setup.Output);
        Assert.True(File.Exists(At(".stack/local")));
        Assert.Equal(
            ["LICENSE", "Runtime/Api.cs", "ThirdPartyNotices.txt", "native/libonnxruntime.so", "native/libonnxruntime_providers_shared.so", "native/libortextensions.so", "version"],
            FilesOf(".stack/onnxruntime"));
        Assert.Empty(Directory.GetDirectories(At(".stack"), "work.*"));
    }

    [Theory]
    [InlineData("full", "nuget")]
    [InlineData("lacking", "local")]
    public void A_second_run_does_nothing_and_says_so(string feed, string stack)
    {
        FeedIs(feed);
        Setup();
        var before = Calls;

        var second = Setup();

        Assert.Equal($"setup: nothing to do (stack '{stack}').\n", second.Output);
        Assert.Equal(before, Calls);
    }

    [Fact]
    public void A_changed_version_asks_the_feed_again()
    {
        Setup();
        FeedIs("full");
        File.AppendAllText(At("Directory.Packages.props"), "<!-- newer -->");

        Assert.StartsWith("setup: stack 'nuget'", Setup().Output);
        Assert.False(File.Exists(At(".stack/local")));
    }

    [Fact]
    public void A_feed_out_of_reach_decides_nothing()
    {
        FeedIs("out of reach");

        var setup = Setup();

        Assert.Equal(1, setup.ExitCode);
        Assert.Contains("the NuGet feed does not answer", setup.Error);
        Assert.False(File.Exists(At(".stack/choice")));
        Assert.False(File.Exists(At(".stack/local")));
    }

    [Fact]
    public void A_download_that_is_cut_off_leaves_no_half_stack_and_the_next_run_completes_it()
    {
        File.WriteAllText(At("calls.cut"), "");
        var cut = Setup();
        Assert.Equal(1, cut.ExitCode);
        Assert.Contains("npm could not fetch", cut.Error);
        Assert.False(File.Exists(At(".stack/local")));
        Assert.False(Directory.Exists(At(".stack/onnxruntime")));

        File.Delete(At("calls.cut"));

        Assert.Equal(0, Setup().ExitCode);
        Assert.True(File.Exists(At(".stack/onnxruntime/native/libonnxruntime.so")));
    }

    [Theory]
    [InlineData("libonnxruntime.so")]
    [InlineData("libortextensions.so")]
    public void A_stack_with_a_missing_file_is_completed(string file)
    {
        Setup();
        File.Delete(At($".stack/onnxruntime/native/{file}"));

        Assert.Contains("fetched ONNX Runtime", Setup().Output);
        Assert.True(File.Exists(At($".stack/onnxruntime/native/{file}")));
    }

    [Fact]
    public void The_cuda_provider_lies_beside_the_runtime()
    {
        Setup();

        var setup = Setup("--cuda");

        Assert.Contains("its CUDA provider", setup.Output);
        Assert.Equal(
            ["libonnxruntime.so", "libonnxruntime_providers_cuda.so", "libonnxruntime_providers_shared.so", "libortextensions.so"],
            FilesOf(".stack/onnxruntime/native"));
        Assert.Contains("nothing to do", Setup("--cuda").Output);
    }

    [Fact]
    public void What_calls_libtorch_is_built_once_and_again_when_its_source_changes()
    {
        WriteNative("int one;");

        Assert.Contains("found libtorch and built what calls it", Setup().Output);
        Assert.True(File.Exists(At(".stack/libtorch/libTorchStandIn.so")));
        Assert.Contains("nothing to do", Setup().Output);

        WriteNative("int two;");
        Assert.Contains("found libtorch and built what calls it", Setup().Output);
        Assert.DoesNotContain("apt-get", Calls);
    }

    [Fact]
    public void A_machine_without_libtorch_is_set_up_all_the_same_and_asked_again_on_request()
    {
        WriteNative("int one;");
        File.WriteAllText(At("calls.notorch"), "");

        var setup = Setup();

        Assert.Equal(0, setup.ExitCode);
        Assert.Contains("no libtorch, so train and finetune will not run", setup.Output);
        Assert.Contains("nothing to do", Setup().Output);

        File.Delete(At("calls.notorch"));
        Assert.Contains("nothing to do", Setup().Output);
        Assert.Contains("found libtorch and built what calls it", Setup("--libtorch").Output);
    }

    [Fact]
    public void A_libtorch_that_does_not_fit_is_not_called_absent()
    {
        WriteNative("int one;");
        File.WriteAllText(At("calls.othertorch"), "");

        var setup = Setup();

        Assert.Equal(0, setup.ExitCode);
        Assert.Contains("does not build with the one that is here", setup.Output);
        Assert.DoesNotContain("no libtorch", setup.Output);
        Assert.Contains("'at::GradMode' has not been declared", setup.Error);
    }

    [Fact]
    public void Another_libtorch_is_built_for_on_request()
    {
        WriteNative("int one;");
        Setup();
        File.WriteAllText(At(".stack/libtorch/libTorchStandIn.so"), "for the old one");

        Assert.Contains("found libtorch and built what calls it", Setup("--libtorch").Output);

        Assert.Equal("", File.ReadAllText(At(".stack/libtorch/libTorchStandIn.so")));
    }

    [Fact]
    public void A_stack_that_was_asked_for_is_remembered_until_another_is_asked_for()
    {
        FeedIs("out of reach");
        Assert.StartsWith("setup: stack 'local'", Setup("--stack", "local").Output);
        Assert.Equal("setup: nothing to do (stack 'local').\n", Setup().Output);

        FeedIs("full");
        Assert.StartsWith("setup: stack 'nuget'", Setup("--stack", "nuget").Output);
        Assert.False(File.Exists(At(".stack/local")));
        Assert.Equal("setup: nothing to do (stack 'nuget').\n", Setup().Output);
    }

    [Fact]
    public void A_stack_that_cannot_be_restored_leaves_the_one_that_was_there()
    {
        Setup();

        var failed = Setup("--stack", "nuget");

        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("NuGet could not restore the packages of stack 'nuget'", failed.Error);
        Assert.Equal("setup: nothing to do (stack 'local').\n", Setup().Output);
    }

    [Fact]
    public async Task Two_runs_at_once_prepare_one_stack()
    {
        var runs = await Task.WhenAll(Task.Run(() => Setup()), Task.Run(() => Setup()));

        Assert.All(runs, run => Assert.Equal(0, run.ExitCode));
        Assert.Single(Calls.Split('\n'), call => call.StartsWith("npm", StringComparison.Ordinal) && !call.Contains("-extensions@", StringComparison.Ordinal));
        Assert.Single(Calls.Split('\n'), call => call.Contains("-extensions@", StringComparison.Ordinal));
    }

    [Fact]
    public void An_unknown_option_is_wrong_usage()
    {
        var setup = Setup("--frobnicate");

        Assert.Equal(2, setup.ExitCode);
        Assert.StartsWith("usage: tools/setup", setup.Error);
    }

    private string Calls => File.Exists(At("calls")) ? File.ReadAllText(At("calls")) : "";

    private void WriteNative(string source)
    {
        Directory.CreateDirectory(At("src/StandIns/TorchSharp/native"));
        File.WriteAllText(At("src/StandIns/TorchSharp/native/shim.cpp"), source);
    }

    private void FeedIs(string state) => File.WriteAllText(At("feed"), state);

    private Command Setup(params string[] options) => Command.Run("bash", [At("tools/setup"), .. options], _environment);

    private string At(string path) => Path.Combine(_folder, path);

    private IEnumerable<string> FilesOf(string folder) =>
        Directory.GetFiles(At(folder), "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(At(folder), path))
            .Order(StringComparer.Ordinal);

    private void WriteExecutable(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
        File.SetUnixFileMode(At(path), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
