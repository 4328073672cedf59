namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>A table for people and for screen readers.</summary>
internal static class Table
{
    /// <param name="caption">What it shows.</param>
    /// <param name="columns">The heads; the first column names the rows.</param>
    /// <param name="texts">How many columns from the left hold words, not numbers.</param>
    public static Element Of(string caption, string[] columns, IEnumerable<string[]> rows, int texts = 1) => Scrolling(caption, Element.Of(
        "table",
        Element.Of("caption", caption),
        Element.Of("thead", Element.Of("tr", columns.Select((c, i) => Cell("th", c, i, texts).With("scope", "col")))),
        Element.Of(
            "tbody",
            rows.Select(
                row => Element.Of(
                    "tr",
                    row.Select((c, i) => i == 0 ? Cell("th", c, i, texts).With("scope", "row") : Cell("td", c, i, texts)))))));

    /// <summary>The same, closed until somebody asks for it.</summary>
    public static Element Folded(string caption, string[] columns, IEnumerable<string[]> rows, int texts = 1) =>
        Element.Of("details", Element.Of("summary", $"Table: {caption}"), Of(caption, columns, rows, texts));

    /// <summary>A wide thing in a narrow window moves inside its own frame, also by the keyboard.</summary>
    public static Element Scrolling(string label, Element content) =>
        Element.Of("div", content).With("class", "scroll").With("role", "region").With("aria-label", label).With("tabindex", "0");

    private static Element Cell(string name, string text, int column, int texts) =>
        Element.Of(name, text).With("class", column < texts ? "text" : "number");
}
