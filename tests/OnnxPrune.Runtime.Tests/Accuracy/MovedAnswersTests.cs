using OnnxPrune.Runtime.Accuracy;

namespace OnnxPrune.Runtime.Tests.Accuracy;

public sealed class MovedAnswersTests
{
    [Theory]
    [InlineData(1, 0.8807971)]
    [InlineData(4, 0.6224593)]
    public void Logits_become_probabilities_that_a_temperature_softens(double temperature, double first)
    {
        var probabilities = ClassProbabilities.Of([1001f, 999f], areProbabilities: false, temperature);

        Assert.Equal(first, probabilities[0], 6);
        Assert.Equal(1, probabilities.Sum(), 12);
    }

    [Fact]
    public void Probabilities_stay_as_they_are_and_are_softened_like_their_logits()
    {
        Assert.Equal([0.9, 0.1, 0], ClassProbabilities.Of([0.9f, 0.1f, 0f], areProbabilities: true).Select(p => Math.Round(p, 6)));
        Assert.Equal(Softened(2, 0), ClassProbabilities.Of([0.8807971f, 0.1192029f], areProbabilities: true, 4)[0], 6);
    }

    [Theory]
    [InlineData(new[] { 0.5f, 0.5f, 1, 0 }, true)]
    [InlineData(new[] { 0.5f, 0.5f, 1, 1 }, false)]
    [InlineData(new[] { 2f, -1, 1, 0 }, false)]
    public void Scores_are_probabilities_where_those_of_every_sample_are(float[] scores, bool areProbabilities) =>
        Assert.Equal(areProbabilities, ClassProbabilities.Are(scores, 2));

    [Fact]
    public void A_sample_that_does_not_move_is_left_out()
    {
        var moved = new MovedAnswers();

        moved.Add([2, 0, 3, 1], [2, 0, 1, 3], 2, row => 10 + row);

        Assert.Equal([11], moved.Report().Select(m => m.Sample));
    }

    [Fact]
    public void Those_that_moved_farthest_are_kept_in_order()
    {
        // given: the farther, the larger the number of the sample; of two that moved as far the first one counts more
        var moved = new MovedAnswers();
        for (var i = 0; i <= 20; i++)
        {
            moved.Add([2, 0], [2 - (0.1f * Math.Min(i, 19)), 0], 2, _ => i);
        }

        // when
        var report = moved.Report();

        // then
        Assert.Equal([19, 20, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9], report.Select(m => m.Sample));
        Assert.Equal(Softened(2, 0) - Softened(0.2f, 0), report[2].Distance, 6);
    }

    [Fact]
    public void One_pass_over_some_samples_finds_them_by_their_numbers_in_the_data()
    {
        // given: the other model turns all answers around
        using var models = new OppositeModels(1, 0, 0, 0, 9, 0, 0, 0, 3, 2, 2, 2);
        var (moved, recorded) = (new MovedAnswers(), new RecordedAnswers());

        // when: the original answered before
        AccuracyMeter.Measure(models.Same, models.Opposite, models.Data, [0, 2, 3], recorded, null);
        AccuracyMeter.Measure(models.Same, models.Opposite, models.Data, [0, 2, 3], recorded, null, moved);

        // then
        Assert.Equal([2, 0], moved.Report().Select(m => m.Sample));
        Assert.Equal(2, moved.Report()[0].Original.Index().MaxBy(p => p.Item).Index);
    }

    private static double Softened(params float[] logits) =>
        ClassProbabilities.Of(logits, areProbabilities: false, MovedAnswers.Temperature)[0];
}
