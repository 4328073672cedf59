using System.Globalization;
using OnnxPrune.Cli.Reports.Pages;

namespace OnnxPrune.Cli.Reports.Charts;

/// <summary>
/// The frame of all drawings. Along x all places are shares of the width, and along y pixels: a drawing fills its page, on a phone
/// as on paper, and its text keeps its size.
/// </summary>
internal static class Chart
{
    /// <summary>The begin of data along x: the numbers of the axis lie before it.</summary>
    public const double Left = 0.09;

    /// <summary>The end of data along x.</summary>
    public const double Right = 0.99;

    /// <summary>Room above the data.</summary>
    public const double Top = 16;

    /// <summary>A drawing with a title and a description for screen readers, and a caption for all.</summary>
    /// <param name="id">A word of ours, unique on the page.</param>
    /// <param name="height">In pixels.</param>
    public static Element Of(
        string id,
        string title,
        string caption,
        double height,
        IEnumerable<Element> marks,
        Element? legend = null,
        double leastWidth = 0)
    {
        var drawing = Element.Of("svg", Element.Of("title", title).With("id", $"{id}-title")).Add(marks)
            .With("role", "img").With("aria-labelledby", $"{id}-title").With("height", height);
        if (leastWidth > 0)
        {
            drawing.With("style", string.Create(CultureInfo.InvariantCulture, $"min-width:{leastWidth:0}px"));
        }

        return Element.Of("figure", leastWidth > 0 ? Table.Scrolling(title, drawing) : drawing, legend, Element.Of("figcaption", caption));
    }

    /// <summary>The share of the width at which a share of the data's range lies.</summary>
    public static double X(double share) => Left + (share * (Right - Left));

    public static Element Rect(double x, double y, double width, double height, string style) =>
        Element.Of("rect").WithShare("x", x).With("y", y).WithShare("width", Math.Max(0, width)).With(
            "height",
            Math.Max(0, height)).With("class", style);

    public static Element Line(double x1, double y1, double x2, double y2, string style) =>
        Element.Of("line").WithShare("x1", x1).With("y1", y1).WithShare("x2", x2).With("y2", y2).With("class", style);

    public static Element Dot(double x, double y, double radius, string style, string? tip = null) =>
        Element.Of("circle", tip is null ? null : Element.Of("title", tip)).WithShare("cx", x).With("cy", y).With("r", radius)
            .With("class", style);

    /// <param name="anchor">start, middle or end.</param>
    public static Element Text(double x, double y, string text, string anchor = "start", string style = "label") =>
        Element.Of("text", text).WithShare("x", x).With("y", y).With("text-anchor", anchor).With("class", style);

    /// <summary>Lines across the data with their numbers.</summary>
    /// <param name="ticks">The place of each in pixels, and its text.</param>
    public static IEnumerable<Element> Grid(IEnumerable<(double Y, string Text)> ticks) => ticks.SelectMany(t => new[]
    {
        Line(Left, t.Y, Right, t.Y, "grid"),
        Text(Left - 0.01, t.Y + 4, t.Text, "end", "tick"),
    });

    /// <summary>Numbers below the data.</summary>
    /// <param name="y">Of the axis, in pixels.</param>
    /// <param name="ticks">The share of the range at which each lies, and its text.</param>
    public static IEnumerable<Element> Axis(double y, IEnumerable<(double Share, string Text)> ticks) =>
        ticks.Select(
            t => Text(
                X(t.Share),
                y + 15,
                t.Text,
                t.Share < 0.03 ? "start" : t.Share > 0.93 ? "end" : "middle",
                "tick")).Prepend(Line(Left, y, Right, y, "axis"));

    public static Element Legend(params IEnumerable<(string Style, string Text)> entries) =>
        Element.Of("ul", entries.Select(e => Element.Of(
        "li",
        Element.Of("svg", Element.Of("rect").With("width", "12").With("height", "12").With("class", e.Style)).With("aria-hidden", "true"),
        e.Text))).With("class", "legend");

    /// <summary>A few round numbers in a range.</summary>
    public static IEnumerable<double> Round(double least, double most, int about)
    {
        var rough = (most - least) / about;
        if (!(rough > 0) || !double.IsFinite(rough))
        {
            return [least];
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = power * (rough / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 };
        var first = (long)Math.Ceiling(least / step);
        var count = (int)Math.Min(2 * about, Math.Floor(most / step) - first + 1);
        return Enumerable.Range(0, Math.Max(0, count)).Select(i => (first + i) * step);
    }

    /// <summary>A number in a few digits.</summary>
    public static string Short(double number) => Math.Abs(number) switch
    {
        0 => "0",
        >= 1e15 or < 1e-3 => number.ToString("0.#E+0", CultureInfo.InvariantCulture),
        >= 1e9 => (number / 1e9).ToString("0.## G", CultureInfo.InvariantCulture),
        >= 1e6 => (number / 1e6).ToString("0.## M", CultureInfo.InvariantCulture),
        >= 1e4 => (number / 1e3).ToString("0.# k", CultureInfo.InvariantCulture),
        _ => number.ToString("0.###", CultureInfo.InvariantCulture),
    };
}
