using Microsoft.ML.OnnxRuntime;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>The refusal of ONNX Runtime, as one sentence for the user.</summary>
internal static class SessionFailure
{
    private static readonly string[] s_noise =
    [
        "Exception during initialization: ", "Exception: ", "This is an invalid model. ", "Error: ", "In Node, ", "Fatal error: ",
        "Failed to load model because ", "Failed to load model with error: ",
    ];

    /// <summary>Begins the complaint of the arena (bfc_arena.cc) about a value that exceeds its limit.</summary>
    private const string BeyondArena = "Available memory of ";

    /// <summary>Codes in front of the text, as the runtime prints them.</summary>
    private static readonly string[] Prefixes = ["[ErrorCode:", "[ONNXRuntimeError]"];

    /// <summary>The model was not loaded. Whatever the cause is, the model and not the caller is at fault.</summary>
    public static UnsupportedModelException ForLoading(string model, OnnxRuntimeException e) =>
        new($"{Quote(model)}: ONNX Runtime {RuntimeEnvironment.Version} does not load this model: {Reason(e)}.", e);

    public static UnsupportedModelException ForRunning(string model, OnnxRuntimeException e) =>
        new($"{Quote(model)}: ONNX Runtime {RuntimeEnvironment.Version} fails to run this model: {Reason(e)}.", e);

    /// <summary>The reason without codes, source files, line numbers and stack traces, on one line and without a full stop.</summary>
    public static string Reason(OnnxRuntimeException e) => Reason(e.Message);

    internal static string Reason(string message)
    {
        if (message.Contains(BeyondArena, StringComparison.Ordinal))
        {
            return "the memory of this machine is not enough";
        }

        // Stack traces and hints follow on further lines; the first one that says something is the reason.
        var text = "";
        foreach (var line in message.AsSpan().EnumerateLines())
        {
            text = Strip(line.ToString());
            if (text.Length > 0)
            {
                break;
            }
        }

        // "Missing opset in the model. All ModelProtos MUST have ...": the first sentence is enough.
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        text = (end > 0 && char.IsUpper(text[Math.Min(end + 2, text.Length - 1)]) ? text[..end] : text).TrimEnd(' ', '.', ':', ',');
        return text.Length > 0 ? text : "it gives no reason";
    }

    internal static string Quote(string model) =>
        model.StartsWith('\'') || model.StartsWith("the ", StringComparison.Ordinal) ? model : $"'{model}'";

    private static string Strip(string line)
    {
        var text = line.Trim();
        while (Array.Exists(Prefixes, p => text.StartsWith(p, StringComparison.Ordinal)))
        {
            text = text[(text.IndexOf(']') + 1)..].TrimStart(' ', ':');
        }

        text = StripLocation(StripPath(StripStatus(text)));
        foreach (var noise in s_noise)
        {
            text = text.Replace(noise, "", StringComparison.Ordinal);
        }

        return NameNode(StripLocation(text.Trim()).Trim());
    }

    // ("node", Squeeze, "", -1) : ("x": tensor(float),) -> ("y",) , Error The reason
    private static string NameNode(string text)
    {
        const string Error = ", Error ";
        var error = text.IndexOf(Error, StringComparison.Ordinal);
        if (error < 0 || !text.StartsWith("(\"", StringComparison.Ordinal))
        {
            return text;
        }

        var parts = text[2..].Split("\", ", 2);
        var op = parts.Length == 2 ? parts[1].Split(',')[0] : "node";
        return $"{op} '{parts[0]}': {text[(error + Error.Length)..]}";
    }

    // "10 : INVALID_GRAPH : Load model from x failed: ...": the number and its name say nothing that the text does not.
    private static string StripStatus(string text)
    {
        var parts = text.Split(" : ", 3);
        return parts.Length == 3 && int.TryParse(parts[0], out _) ? parts[2] : text;
    }

    // "Load model from /a/b.onnx failed:": the sentence has named the model already.
    private static string StripPath(string text)
    {
        const string Failed = " failed:";
        var end = text.StartsWith("Load model from ", StringComparison.Ordinal) ? text.IndexOf(Failed, StringComparison.Ordinal) : -1;
        return end < 0 ? text : text[(end + Failed.Length)..].TrimStart();
    }

    // "/build/onnxruntime/core/graph/graph.cc:123 void onnxruntime::Graph::Resolve(...) The text" or "/…/op_kernel.cc:82
    // onnxruntime::X::X(…) cond was false. The text".
    private static string StripLocation(string text)
    {
        var space = text.IndexOf(' ');
        var first = space < 0 ? text : text[..space];
        var isLocation = (first.Contains(".cc:", StringComparison.Ordinal) || first.Contains(".h:", StringComparison.Ordinal))
            && first.Contains('/');
        if (!isLocation)
        {
            return text;
        }

        var rest = space < 0 ? "" : text[(space + 1)..];
        var signature = rest.IndexOf("::", StringComparison.Ordinal);
        var close = rest.LastIndexOf(") ", StringComparison.Ordinal);
        return signature >= 0 && close > signature ? rest[(close + 2)..] : rest;
    }
}
