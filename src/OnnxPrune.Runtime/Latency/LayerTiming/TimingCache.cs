using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>
/// Times of layers on this machine, kept in the user's cache folder: one file per machine, version of the runtime, provider, number of
/// threads and kind of numbers. A file that cannot be read or written only costs the time to measure again.
/// </summary>
internal sealed class TimingCache
{
    // Thousands of layers take less.
    private const long MostBytes = 16 << 20;

    private readonly string? _path;
    private readonly TimingFile _file;

    private TimingCache(string? path, TimingFile file) => (_path, _file) = (path, file);

    /// <param name="integers">What the layers compute with; null for floats.</param>
    public static TimingCache Open(SessionSettings settings, QuantizationScheme? integers = null)
    {
        var machine = $"{Environment.MachineName}, {Processor()}, {Environment.ProcessorCount} cores, {Providers.Describe(settings)}"
            + (integers is null ? "" : $", int8 for {integers.Name}");
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(machine)))[..12];
        var path = Folder() is { } folder ? Path.Combine(folder, "onnxprune", $"layers-{hash}.json") : null;
        return new TimingCache(path, (path is null ? null : Read(path, machine)) ?? new TimingFile(machine, []));
    }

    /// <summary>The remembered time of a layer, or what <paramref name="measure"/> gives; milliseconds.</summary>
    public double Get(string key, Func<double> measure)
    {
        if (!_file.Milliseconds.TryGetValue(key, out var time))
        {
            _file.Milliseconds[key] = time = measure();
            IsChanged = true;
        }

        return time;
    }

    private bool IsChanged { get; set; }

    public void Save()
    {
        if (_path is null || !IsChanged)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            using var pending = AtomicFile.Write(_path, stream => JsonSerializer.Serialize(stream, _file, TimingJson.Default.TimingFile));
            pending.Commit();
            IsChanged = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or UsageException)
        {
            // It is measured again next time.
        }
    }

    private static TimingFile? Read(string path, string machine)
    {
        try
        {
            var file = JsonSerializer.Deserialize(InputFile.ReadAllBytes(path, MostBytes), TimingJson.Default.TimingFile);
            return file?.Machine == machine && file.Milliseconds is { } times && times.Values.All(t =>
                double.IsFinite(t) && t > 0) ? file : null;
        }
        catch (Exception e) when (e is OnnxPruneException or JsonException)
        {
            return null;
        }
    }

    // XDG base directories on Linux, the system's own places elsewhere.
    private static string? Folder()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } folder && Path.IsPathRooted(folder))
        {
            return folder;
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : home.Length == 0 ? null
            : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches") : Path.Combine(home, ".cache");
    }

    private static string Processor()
    {
        try
        {
            return File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
                ?.Split(':', 2)[1].Trim()
                ?? Architecture();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? Architecture();
        }
    }

    private static string Architecture() => string.Create(CultureInfo.InvariantCulture, $"{RuntimeInformation.ProcessArchitecture}");
}

/// <param name="Machine">For which machine the times hold.</param>
/// <param name="Milliseconds">By <see cref="LayerShape.Key"/>.</param>
internal sealed record TimingFile(string Machine, Dictionary<string, double> Milliseconds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(TimingFile))]
internal sealed partial class TimingJson : JsonSerializerContext;
