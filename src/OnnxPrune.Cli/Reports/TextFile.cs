using System.Text;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Reports;

/// <summary>Text that replaces a file only when it is complete.</summary>
internal static class TextFile
{
    public static AtomicFile Stage(string path, string text) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
}
