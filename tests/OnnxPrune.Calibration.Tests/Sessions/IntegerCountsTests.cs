using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Calibration.Tests.Sessions;

public class IntegerCountsTests
{
    private readonly List<string> _notes = [];
    private readonly List<int?> _tried = [];

    [Fact]
    public void Usual_counts_stay_where_integers_gain_from_them()
    {
        Assert.Null(Choose(new CountTrial(0.5, 1.6, () => throw new InvalidOperationException("nobody needs to know"))));
        Assert.Equal([null], _tried);
        Assert.Empty(_notes);
    }

    [Fact]
    public void Cuts_that_save_hardly_any_work_are_not_judged_by_time()
    {
        Assert.Null(Choose(Trial(0.95, 0.98, 0.1)));
        Assert.Equal([null], _tried);
    }

    [Fact]
    public void Finest_counts_that_save_the_time_of_what_was_cut_are_kept()
    {
        Assert.Equal(16, Choose(Trial(0.5, 0.89, 0.003), Trial(0.5, 1.08, 0.006), Trial(0.49, 1.75, 0.023)));
        Assert.Equal([null, 8, 16], _tried);
        var note = Assert.Single(_notes);
        Assert.Contains("0.89 times", note, StringComparison.Ordinal);
        Assert.Contains("1.75 times with multiples of 16", note, StringComparison.Ordinal);

        Assert.Equal(8, Choose(Trial(0.5, 1.3, 0.1), Trial(0.5, 1.5, 0.15), Trial(0.5, 1.9, 0.15)));
    }

    [Fact]
    public void Counts_that_ruin_the_network_are_left()
    {
        Assert.Null(Choose(Trial(0.5, 1.35, 0.177), Trial(0.5, 1.35, 0.163), Trial(0.5, 1.72, 0.391)));
        Assert.Equal(16, Choose(Trial(0.5, 1.35, null), Trial(0.5, 1.35, null), Trial(0.5, 1.72, null)));
    }

    [Fact]
    public void Multiples_that_do_not_lead_to_the_target_are_passed_over()
    {
        Assert.Equal(16, Choose(Trial(0.5, 1, 0.1), null, Trial(0.5, 1.7, 0.1)));
        Assert.Null(Choose(Trial(0.5, 1, 0.1), null, null));
        Assert.Throws<TargetOutOfReachException>(() => Choose(null, null, null));
    }

    /// <param name="damage">Asked for only where it decides.</param>
    private static CountTrial Trial(double left, double gain, double? damage) => new(left, gain, () => damage);

    /// <param name="trials">With the usual counts, and with multiples of 8 and 16; null where the target is out of reach.</param>
    private int? Choose(params CountTrial?[] trials)
    {
        _tried.Clear();
        return new IntegerCounts(new Notes(_notes)).Choose(multiple =>
        {
            _tried.Add(multiple);
            return trials[_tried.Count - 1] ?? throw new TargetOutOfReachException("out of reach", []);
        });
    }

    private sealed class Notes(List<string> notes) : IRunObserver
    {
        public CancellationToken Cancellation => CancellationToken.None;

        public T Timed<T>(string step, Func<T> work) => work();

        public T Watched<T>(string step, Func<IProgress<double>, T> work) => work(new Progress<double>());

        public void Note(string text) => notes.Add(text);

        public void Point(string text) => notes.Add(text);
    }
}
