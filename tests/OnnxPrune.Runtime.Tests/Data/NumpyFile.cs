using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace OnnxPrune.Runtime.Tests.Data;

/// <summary>NumPy files as NumPy writes them.</summary>
internal static class NumpyFile
{
    public static byte[] Of<T>(string descr, string shape, T[] values, int version = 1, bool fortran = false) where T : unmanaged
    {
        var header = $"{{'descr': '{descr}', 'fortran_order': {(fortran ? "True" : "False")}, 'shape': {shape}, }}";
        var prefix = version == 1 ? 10 : 12;
        header = header.PadRight(((prefix + header.Length) / 64 * 64) + 63 - prefix) + "\n";
        var bytes = new byte[prefix];
        bytes[0] = 0x93;
        "NUMPY"u8.CopyTo(bytes.AsSpan(1));
        bytes[6] = (byte)version;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)header.Length);
        return [.. bytes, .. Encoding.Latin1.GetBytes(header), .. MemoryMarshal.AsBytes<T>(values).ToArray()];
    }

    public static void Archive(string path, params (string Name, byte[] Array)[] members)
    {
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach (var (name, array) in members)
        {
            using var stream = archive.CreateEntry(name + ".npy").Open();
            stream.Write(array);
        }
    }
}
