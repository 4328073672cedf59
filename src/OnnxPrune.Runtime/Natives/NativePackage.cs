using System.Reflection;

namespace OnnxPrune.Runtime.Natives;

/// <summary>
/// A NuGet package of native libraries for linux-x64 that are too large to lie beside every program. Where they do not, they are looked for
/// in the user's package folder, which has them once anything was built with them, and fetched there by NuGet.
/// </summary>
/// <param name="Id">The package's name.</param>
/// <param name="Version">The version that fits the assembly which calls the libraries.</param>
/// <param name="Contents">How sentences call the libraries.</param>
/// <param name="Size">How large they are, for the sentence that announces them.</param>
internal sealed record NativePackage(string Id, string Version, string Contents, string Size)
{
    /// <summary>Told what is about to be fetched and how large it is; null, the default, means that nothing is fetched.</summary>
    public static Action<string>? Fetching { get; set; }

    /// <summary>The folder of the libraries, where the usual package folder has them; else null.</summary>
    public string? Folder => Directory.Exists(In(PackageFolder.Usual)) ? In(PackageFolder.Usual) : null;

    /// <summary>The package in the version that the assembly was built with (build/Natives.targets writes it down).</summary>
    public static NativePackage BuiltWith(Assembly assembly, string id, string contents, string size) => new(
        id,
        assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(m => m.Key == $"NativePackage.{id}").Value!,
        contents,
        size);

    /// <summary>The folder of the libraries, which are fetched where the package folder lacks them: minutes, on a slow line.</summary>
    /// <exception cref="UsageException">They are not there, and cannot be fetched or must not be.</exception>
    public string FindOrFetch()
    {
        if (Folder is { } there)
        {
            return there;
        }

        var packages = PackageFolder.Configured;
        var folder = In(packages);
        if (!Directory.Exists(folder))
        {
            Fetch(packages);
        }

        return Directory.Exists(folder)
            ? folder
            : throw Missing($"the package {Id} {Version} has no '{Path.GetRelativePath(packages, folder)}'");
    }

    private void Fetch(string packages)
    {
        if (Fetching is not { } announce)
        {
            throw Missing("this program does not fetch it");
        }

        announce($"{Contents} is not on this machine: fetching the package {Id} {Version} ({Size}) into '{packages}', this once.");
        if (PackageFolder.Restore(packages, Id, Version) is { } reason)
        {
            throw Missing(reason);
        }
    }

    private UsageException Missing(string reason) => new(
        $"{Contents} is not on this machine and could not be fetched ({reason}); where there are a network and the .NET SDK, the same "
            + $"command fetches it, or unpack {Id}.{Version}.nupkg into '{Home(PackageFolder.Usual)}'.");

    private string Home(string packages) => Path.Combine(packages, Id.ToLowerInvariant(), Version);

    private string In(string packages) => Path.Combine(Home(packages), "runtimes", "linux-x64", "native");
}
