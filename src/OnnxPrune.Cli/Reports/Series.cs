using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OnnxPrune.Cli.Reports;

/// <summary>Many numbers, which take one line in JSON.</summary>
[JsonConverter(typeof(SeriesConverter))]
internal sealed record Series(IReadOnlyList<double> Values)
{
    // Finer than the clock.
    private const int Decimals = 5;

    public static Series Empty { get; } = new([]);

    /// <summary>Rounded, so that a report has no more digits than a clock.</summary>
    public static Series Of(IEnumerable<double> values) => new([.. values.Select(v => Math.Round(v, Decimals))]);
}

internal sealed class SeriesConverter : JsonConverter<Series>
{
    public override Series Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException("A series is an array of numbers.");
        }

        var values = new List<double>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            values.Add(reader.GetDouble());
        }

        return new Series(values);
    }

    public override void Write(Utf8JsonWriter writer, Series value, JsonSerializerOptions options) =>
        writer.WriteRawValue(
            $"[{string.Join(", ", value.Values.Select(v => v.ToString(CultureInfo.InvariantCulture)))}]",
            skipInputValidation: true);
}
