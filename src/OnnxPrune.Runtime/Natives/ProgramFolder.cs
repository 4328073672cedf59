namespace OnnxPrune.Runtime.Natives;

/// <summary>The folders beside a program in which the runtime looks for native libraries.</summary>
internal static class ProgramFolder
{
    private static readonly string[] s_folders =
    [
        AppContext.BaseDirectory,
        .. (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
    ];

    /// <summary>The path of a library such as "libtorch_cpu.so"; null where none of the folders has it.</summary>
    public static string? Find(string library) => s_folders.Select(folder => Path.Combine(folder, library)).FirstOrDefault(File.Exists);
}
