using System.Globalization;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Data;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The images whose answers differ most between two models, with what both answer.</summary>
internal static class MovedSection
{
    private const int MostPixels = 96;

    /// <summary>Null where there are none.</summary>
    public static Section? Of(ReportAccuracy accuracy) => accuracy.Moved.Count == 0 ? null : new Section(
        "moved",
        "Images whose answers moved most",
        Element.Of(
            "p",
            $"The {Numbers.Count(accuracy.Moved.Count, "image")} of {Numbers.Count(accuracy.Samples)} whose softened answers differ most, "
            + "shown without their normalization. The distance is the part of the softened probability that moved to other classes; "
            + $"the tables have the probabilities themselves. {Changed(accuracy.Moved)}"),
        Element.Of("ol", accuracy.Moved.Select(Card)).With("class", "moved"));

    private static string Changed(IReadOnlyList<ReportMoved> moved) => moved.Count(m => m.OriginalClass != m.PrunedClass) switch
    {
        0 => "All of them keep their class.",
        var changed when changed == moved.Count => "All of them got another class.",
        var changed => $"{Numbers.Count(changed)} of them got another class (dashed).",
    };

    private static Element Card(ReportMoved moved) => Element.Of(
        "li",
        moved.Picture is { } picture ? Image(picture, moved) : null,
        Element.Of("b", Answers(moved)),
        Element.Of("p", Origin(moved)),
        Element.Of(
            "table",
            Element.Of("thead", Element.Of("tr", new[] { "Class", "Before", "After" }.Select((head, i) => Cell("th", head, i, "col")))),
            Element.Of("tbody", moved.Classes.Select(c => Element.Of(
                "tr",
                Cell("th", c.Class == moved.Label ? $"{c.Class} (label)" : Numbers.Plain(c.Class), 0, "row"),
                Cell("td", Percent(c.Original), 1),
                Cell("td", Percent(c.Pruned), 2))))).With("aria-label", $"Probabilities of sample {moved.Sample}"))
        .With("class", moved.OriginalClass == moved.PrunedClass ? "same" : "changed");

    private static Element Cell(string name, string text, int column, string? scope = null)
    {
        var cell = Element.Of(name, text).With("class", column == 0 ? "text" : "number");
        return scope is null ? cell : cell.With("scope", scope);
    }

    /// <summary>Null where images cannot be encoded on this machine.</summary>
    private static Element? Image(SamplePicture picture, ReportMoved moved) => PictureEncoder.Png(picture, MostPixels) is { } png
        ? Element.Of("img")
            .With("src", $"data:image/png;base64,{Convert.ToBase64String(png)}")
            .With("alt", $"Sample {moved.Sample}: {Answers(moved)}")
            .With("width", picture.Width)
            .With("height", picture.Height)
        : null;

    private static string Answers(ReportMoved moved) => moved.OriginalClass == moved.PrunedClass
        ? $"Class {moved.OriginalClass}, as before"
        : $"Class {moved.OriginalClass} became {moved.PrunedClass}";

    private static string Origin(ReportMoved moved) => string.Create(
        CultureInfo.InvariantCulture,
        $"Sample {moved.Sample}{(moved.File is { } file ? $" ({Path.GetFileName(file)})" : "")}"
            + $"{(moved.Label is { } label ? $", label {label}" : "")}, distance {moved.Distance:0.000}");

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
