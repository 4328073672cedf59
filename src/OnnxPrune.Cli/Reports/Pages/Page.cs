using System.Text;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>A part of a page under a heading.</summary>
/// <param name="Id">What links lead to; a word of ours.</param>
internal sealed record Section(string Id, string Title, params IEnumerable<object?> Content);

/// <summary>A page of HTML in one file: its style and its drawings are inside, and nothing is fetched or run.</summary>
internal static class Page
{
    // What the page is not allowed to do even if something of it could.
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

    private static readonly string s_style = Resource("page.css");

    /// <param name="lead">What it is about, in a sentence under the title.</param>
    /// <param name="sections">Null is left out.</param>
    public static string Write(string title, string lead, IEnumerable<Section?> sections)
    {
        Section[] all = [.. sections.OfType<Section>()];
        var html = Element.Of(
            "html",
            Element.Of(
                "head",
                Element.Of("meta").With("charset", "utf-8"),
                Element.Of("meta").With("name", "viewport").With("content", "width=device-width, initial-scale=1"),
                Element.Of("meta").With("name", "color-scheme").With("content", "light dark"),
                Element.Of("meta").With("http-equiv", "Content-Security-Policy").With("content", Policy),
                Element.Of("title", title),
                Element.Style(s_style)),
            Element.Of(
                "body",
                Element.Of("a", "Skip to the report").With("class", "skip").With("href", "#report"),
                Element.Of("header", Element.Of("h1", title), Element.Of("p", lead)),
                Contents(all),
                Element.Of("main", all.Select(Of)).With("id", "report"))).With("lang", "en");
        var text = new StringBuilder("<!DOCTYPE html>\n");
        html.Write(text);
        return text.Append('\n').ToString();
    }

    private static Element Contents(Section[] sections) =>
        Element.Of(
            "nav",
            Element.Of(
                "ul",
                sections.Select(s => Element.Of("li", Element.Of("a", s.Title).With("href", $"#{s.Id}"))))).With("aria-label", "Contents");

    private static Element Of(Section section) =>
        Element.Of(
            "section",
            Element.Of("h2", section.Title).With("id", section.Id)).Add(section.Content).With("aria-labelledby", section.Id);

    private static string Resource(string name)
    {
        using var stream = typeof(Page).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
