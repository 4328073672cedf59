using System.Security.Cryptography;
using System.Text.Json.Serialization;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports;

/// <summary>A model in a report.</summary>
/// <param name="File">The path that was given.</param>
/// <param name="Sha256">Of the .onnx file, in hexadecimal; files with external data are not part of it.</param>
internal sealed record ReportModel(
    string File, string Sha256, int Nodes, int Blocks, long Channels, long Parameters, long Macs, long FileBytes)
{
    [JsonIgnore]
    public ModelFigures Figures => new(Nodes, Blocks, Channels, Parameters, Macs, FileBytes);

    /// <param name="path">Where the file lies now.</param>
    public static ReportModel Of(string file, string path, ModelFigures figures)
    {
        using var stream = System.IO.File.OpenRead(path);
        return new ReportModel(
            file,
            Convert.ToHexStringLower(SHA256.HashData(stream)),
            figures.Nodes,
            figures.Blocks,
            figures.Channels,
            figures.Parameters,
            figures.Macs,
            figures.FileBytes);
    }
}
