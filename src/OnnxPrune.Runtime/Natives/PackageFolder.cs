using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace OnnxPrune.Runtime.Natives;

/// <summary>The folder in which NuGet keeps the user's packages, unpacked.</summary>
internal static partial class PackageFolder
{
    /// <summary>The folder without asking NuGet: the one that NUGET_PACKAGES names, else .nuget/packages at home.</summary>
    public static string Usual { get; } = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
        ? Path.GetFullPath(set)
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>The folder that NuGet names, as NuGet.Config may name another; as usual where there is no .NET SDK to ask.</summary>
    public static string Configured
    {
        get
        {
            try
            {
                var (code, output) = Dotnet(Usual, "nuget", "locals", "global-packages", "--list");
                return code == 0 && NamedFolder().Match(output) is { Success: true } named ? named.Groups[1].Value : Usual;
            }
            catch (Win32Exception)
            {
                return Usual;
            }
        }
    }

    /// <summary>Lets NuGet fetch one package, from the sources that the user has configured.</summary>
    /// <returns>Null, or why it failed.</returns>
    public static string? Restore(string packages, string id, string version)
    {
        DirectoryInfo? folder = null;
        try
        {
            // Among the user's own files: MSBuild and NuGet also read settings from the folders above, and the temporary folder is
            // everybody's.
            folder = Directory.CreateDirectory(Path.Combine(packages, $".onnxprune-{Guid.NewGuid():N}"));
            File.WriteAllText(Path.Combine(folder.FullName, "Directory.Build.props"), "<Project />");
            File.WriteAllText(Path.Combine(folder.FullName, "Directory.Build.targets"), "<Project />");
            File.WriteAllText(Path.Combine(folder.FullName, "Directory.Packages.props"), "<Project />");
            var project = Path.Combine(folder.FullName, "fetch.csproj");
            File.WriteAllText(project, $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <TargetFramework>net10.0</TargetFramework>
                    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
                  </PropertyGroup>
                  <ItemGroup>
                    <PackageDownload Include="{id}" Version="[{version}]" />
                  </ItemGroup>
                </Project>
                """);
            var (code, output) = Dotnet(folder.FullName, "restore", project, "--packages", packages, "-nodeReuse:false");
            return code == 0 ? null : Reason(code, output);
        }
        catch (Win32Exception)
        {
            return "there is no 'dotnet' on the PATH";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
        finally
        {
            if (folder is { Exists: true })
            {
                folder.Delete(recursive: true);
            }
        }
    }

    private static string Reason(int code, string output) => output.Contains("No .NET SDKs were found", StringComparison.Ordinal)
        ? "there is no .NET SDK"
        : RestoreError().Match(output) is { Success: true } error
            ? error.Groups[1].Value.Trim().TrimEnd('.')
            : $"'dotnet restore' ended with exit code {code}";

    /// <exception cref="Win32Exception">There is no such program.</exception>
    private static (int Code, string Output) Dotnet(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = Directory.Exists(folder) ? folder : AppContext.BaseDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["DOTNET_NOLOGO"] = "1" },
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    [GeneratedRegex(@"global-packages: (.+)")]
    private static partial Regex NamedFolder();

    [GeneratedRegex(@"error NU\d+: (.+?)(?:\[|\r|\n|$)")]
    private static partial Regex RestoreError();
}
