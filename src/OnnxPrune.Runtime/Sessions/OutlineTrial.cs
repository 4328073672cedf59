using OnnxPrune.Graphs;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>Loads models without their weights.</summary>
internal static class OutlineTrial
{
    /// <summary>
    /// True if ONNX Runtime loads the model with zeros for its large weights. Otherwise nothing is said: zeros may be what it refuses.
    /// </summary>
    public static bool Loads(Model model)
    {
        DirectoryInfo? folder = null;
        try
        {
            folder = Directory.CreateTempSubdirectory("onnxprune-");
            OnnxSession.Open(ModelOutline.Write(model, folder.FullName), folder.FullName, SessionSettings.Plain).Dispose();
            return true;
        }
        catch (Exception e) when (e is UnsupportedModelException or IOException or UnauthorizedAccessException)
        {
            // There may be no room for temporary files either.
            return false;
        }
        finally
        {
            folder?.Delete(recursive: true);
        }
    }
}
