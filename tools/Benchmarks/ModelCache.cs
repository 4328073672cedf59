namespace Benchmarks;

/// <summary>Networks that ModelMaker made, each made once.</summary>
internal sealed class ModelCache(string maker, string folder)
{
    /// <summary>The file of a network; a large one takes a minute to make.</summary>
    public string Get(string network)
    {
        var file = Path.Combine(Directory.CreateDirectory(folder).FullName, $"{network}.onnx");
        if (File.Exists(file))
            return file;

        Console.Error.WriteLine($"making {network}.onnx...");
        var part = file + ".part";
        var made = ProgramRun.Of("dotnet", maker, "make", network, part);
        if (made.ExitCode != 0)
            throw new InvalidOperationException($"{network} could not be made: {made.Error}");

        File.Move(part, file);
        return file;
    }
}
