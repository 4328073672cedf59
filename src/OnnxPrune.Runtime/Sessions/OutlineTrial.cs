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
        var folder = Directory.CreateTempSubdirectory("onnxprune-");
        try
        {
            OnnxSession.Open(ModelOutline.Write(model, folder.FullName), folder.FullName, SessionSettings.Plain).Dispose();
            return true;
        }
        catch (UnsupportedModelException)
        {
            return false;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
