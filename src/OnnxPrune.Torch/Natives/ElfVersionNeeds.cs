using System.Text;

namespace OnnxPrune.Torch.Natives;

/// <summary>
/// Weakens versions that an ELF library states to need of another library (.gnu.version_r, "Symbol Versioning" in the Linux Standard
/// Base). The loader refuses a library whose needed version is absent, unless that need is flagged weak.
/// </summary>
/// <remarks>
/// libLibTorchSharp.so 0.107.0 needs GLIBCXX_3.4.32 (GCC 13) for _ZSt21ios_base_library_initv alone, which nothing in it calls or
/// relocates. With the need flagged weak it loads where libstdc++ is older (Debian 12); where it is newer the flag changes nothing.
/// </remarks>
internal static class ElfVersionNeeds
{
    private const int SectionVersionNeeds = 0x6ffffffe;
    private const ushort Weak = 2;

    /// <summary>Flags the need of <paramref name="version"/> weak, in place.</summary>
    /// <returns>The number of needs that were not weak before; 0 where the library does not need that version.</returns>
    /// <exception cref="FormatException">The bytes are no little-endian ELF64 library with section headers.</exception>
    public static int Weaken(byte[] library, string version)
    {
        if (library.Length < 64 || Encoding.ASCII.GetString(library, 1, 3) != "ELF" || library[4] != 2 || library[5] != 1)
        {
            throw new FormatException("It is no little-endian ELF64 file.");
        }

        try
        {
            int sections = ReadLong(library, 0x28), size = ReadShort(library, 0x3a), count = ReadShort(library, 0x3c);
            var weakened = 0;
            for (var header = sections; header < sections + (count * size); header += size)
            {
                if (ReadInt(library, header + 4) == SectionVersionNeeds)
                {
                    var names = sections + (ReadInt(library, header + 0x28) * size);
                    weakened += Weaken(library, ReadLong(library, header + 0x18), ReadLong(library, names + 0x18), version);
                }
            }

            return weakened;
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new FormatException("Its section headers point outside the file.", e);
        }
    }

    // Verneed: vn_version, vn_cnt (2 bytes each), vn_file, vn_aux, vn_next (4 each); Vernaux: vna_hash (4), vna_flags, vna_other (2 each),
    // vna_name, vna_next (4 each). Offsets count from the entry that holds them; 0 ends the list of files.
    private static int Weaken(byte[] library, int needs, int names, string version)
    {
        var weakened = 0;
        int next;
        for (var file = needs; ; file += next)
        {
            var need = file + ReadInt(library, file + 8);
            for (var left = ReadShort(library, file + 2); left > 0; left--)
            {
                var flags = ReadShort(library, need + 4);
                if ((flags & Weak) == 0 && IsAt(library, names + ReadInt(library, need + 8), version))
                {
                    library[need + 4] = (byte)(flags | Weak);
                    weakened++;
                }

                need += ReadInt(library, need + 12);
            }

            next = ReadInt(library, file + 12);
            if (next <= 0)
            {
                return weakened;
            }
        }
    }

    private static bool IsAt(byte[] library, int at, string name) =>
        library[at + name.Length] == 0 && Encoding.ASCII.GetString(library, at, name.Length) == name;

    private static int ReadShort(byte[] library, int at) => BitConverter.ToUInt16(library, at);

    private static int ReadInt(byte[] library, int at) => BitConverter.ToInt32(library, at);

    private static int ReadLong(byte[] library, int at) => checked((int)BitConverter.ToInt64(library, at));
}
