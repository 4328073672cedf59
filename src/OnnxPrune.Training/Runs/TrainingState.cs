using System.Text.Json;
using System.Text.Json.Serialization;
using OnnxPrune.Training.LowBits;

namespace OnnxPrune.Training.Runs;

/// <summary>The place of a run, and its findings beside the weights.</summary>
internal sealed record TrainingState
{
    public int Phase { get; init; }

    /// <summary>Of the phase.</summary>
    public int Epoch { get; init; }

    /// <summary>Of the epoch.</summary>
    public int Step { get; init; }

    public double LossSum { get; init; }

    public int Correct { get; init; }

    /// <summary>Of the gates; empty where there are none.</summary>
    public IReadOnlyList<double> Logits { get; init; } = [];

    public IReadOnlyList<double> Velocities { get; init; } = [];

    public double GammaSum { get; init; }

    /// <summary>True if BatchNormalization keeps the network's own statistics.</summary>
    public bool KeepsStatistics { get; init; }

    /// <summary>
    /// The numbers of activations of few bits once they are learned, by the name of what the layer that reads them makes.
    /// </summary>
    public IReadOnlyDictionary<string, ActivationScale> Activations { get; init; } = new Dictionary<string, ActivationScale>();

    /// <summary>The run's options by name; another run cannot go on from here.</summary>
    public IReadOnlyDictionary<string, string> Request { get; init; } = new Dictionary<string, string>();

    public string ToJson() => JsonSerializer.Serialize(this, StateJson.Default.TrainingState);

    public static TrainingState FromJson(string json) => JsonSerializer.Deserialize(json, StateJson.Default.TrainingState)!;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TrainingState))]
internal sealed partial class StateJson : JsonSerializerContext;
