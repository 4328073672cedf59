using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Accuracy;

public sealed class AnswerProfileTests
{
    private const int Classes = 10;

    [Theory]
    [InlineData(16, 1)]
    [InlineData(16, 10)]
    [InlineData(200, 10)]
    public void A_classifier_that_knows_its_samples_is_not_doubted(int samples, int labels)
    {
        var data = Scores(samples, i => i % labels, noise: 0.5);

        var profile = Profile("y = Identity(x)", data);

        Assert.Equal((samples, Classes, null), (profile.Samples, profile.Classes, profile.Doubt));
    }

    [Fact]
    public void A_classifier_with_a_few_mistakes_on_images_of_one_class_is_not_doubted()
    {
        var data = Scores(16, i => i < 3 ? 4 : 7, noise: 0, label: _ => 7);

        Assert.Null(Profile("y = Identity(x)", data).Doubt);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    public void Labels_that_have_nothing_to_do_with_the_answers_are_chance(int classes)
    {
        var data = Scores(200, i => i % classes, noise: 0, label: i => i / 8 % classes, classes);

        var doubt = Profile("y = Identity(x)", data, classes).Doubt;

        Assert.True(doubt!.IsCertain);
        Assert.Matches("it is right for [0-9]+ of 200, and guessing would be for about [0-9]+", doubt.Reason);
    }

    [Fact]
    public void Labels_that_are_numbered_otherwise_are_no_better_than_chance() =>
        Assert.StartsWith(
            "it is right for 0 of 200",
            Profile("y = Identity(x)", Scores(200, i => i % Classes, noise: 0, label: i => (i + 1) % Classes)).Doubt!.Reason);

    [Fact]
    public void One_answer_to_samples_of_several_labels_is_doubted_however_often_it_is_right()
    {
        var data = Scores(100, _ => 3, noise: 0.1, label: i => i < 6 ? 5 : 3);

        var doubt = Profile("y = Identity(x)", data).Doubt;

        Assert.Equal(new Doubt("it gives all 100 the same answer, and 6 have another label", IsCertain: true), doubt);
    }

    [Theory]
    [InlineData(20, false)]
    [InlineData(100, true)]
    public void One_answer_to_samples_without_labels_is_certain_of_many_alone(int samples, bool isCertain)
    {
        var doubt = Profile("y = Identity(x)", Scores(samples, _ => 3, noise: 1, label: null)).Doubt;

        Assert.Equal(new Doubt($"it gives all {samples} the same answer", isCertain), doubt);
    }

    [Fact]
    public void Two_classes_without_labels_may_all_be_of_one_kind() =>
        Assert.Null(Profile("y = Identity(x)", Scores(100, _ => 1, noise: 1, label: null, classes: 2), classes: 2).Doubt);

    [Fact]
    public void Outputs_that_hardly_depend_on_the_samples_are_doubted_without_labels()
    {
        // given: a thousandth of each sample, and a constant
        using var session = OnnxSession.Open(new TinyModel()
            .Input("x float [N, 10]").Output("y float").Weight("s", [1e-3f], 1).Weight("c", [1, 1, 3, 1, 1, 1, 1, 1, 1, 1], 10)
                .Node("t = Mul(x, s)").Node("y = Add(t, c)").ToBytes());

        var doubt = Profile(session, Scores(12, i => i % Classes, noise: 1, label: null)).Doubt;

        Assert.True(doubt!.IsCertain);
        Assert.StartsWith("its outputs hardly depend on them (they vary by 0.", doubt.Reason);
    }

    [Fact]
    public void Samples_that_are_all_the_same_say_nothing() =>
        Assert.Null(Profile("y = Identity(x)", Scores(12, _ => 3, noise: 0, label: null)).Doubt);

    [Theory]
    [InlineData("y = Identity(x)", false)]
    [InlineData("y = Softmax(x)", true)]
    public void The_entropy_of_noise_is_certain_of_probabilities_and_a_warning_of_scores(string node, bool isCertain)
    {
        var doubt = Profile(node, Scores(40, _ => 0, noise: 0.1, height: 0, label: null)).Doubt;

        Assert.Matches(isCertain ? "hardly depend|as unsure as a guess" : "as unsure as a guess", doubt!.Reason);
        Assert.Equal(isCertain, doubt.IsCertain);
    }

    [Fact]
    public void An_output_that_is_NaN_names_the_sample()
    {
        var values = new float[12 * Classes];
        Array.Fill(values, 2);
        values[(7 * Classes) + 1] = -1;
        using var session = OnnxSession.Open(Model("y = Log(x)", Classes), name: "m.onnx");

        var e = Assert.Throws<UsageException>(() =>
            AnswerProfile.Of(session, new Samples(values, null, Classes), [0, 2, 4, 7, 9], batch: 2));

        Assert.StartsWith("The output 'y' of 'm.onnx' is NaN for sample 7 of samples", e.Message);
    }

    [Fact]
    public void Samples_that_two_profiles_share_are_counted()
    {
        var data = Scores(20, i => i % Classes, noise: 1);
        using var session = OnnxSession.Open(Model("y = Identity(x)", Classes));

        Assert.Equal(
            4, AnswerProfile.Of(session, data, [0, 1, 2, 3, 4, 5]).SharedWith(AnswerProfile.Of(session, data, [2, 3, 4, 5, 6, 7, 8])));
    }

    [SharedTheory]
    [InlineData("resnet20_cifar10_A_bn_op13", "imagenet")]
    [InlineData("resnet56_cifar10_B_sparse_bn_op13", "cifar10")]
    [InlineData("marabou_cifar10_medium", "unit")]
    public void Trained_networks_know_their_images_and_not_what_was_normalized_twice(string model, string normalization)
    {
        using var session = OnnxSession.Open(Shared.Model(model));
        var right = DataSource.Open(Shared.Cifar, normalization);
        int[] some = [.. Enumerable.Range(0, 100)];
        int[] ofOneClass = [.. Enumerable.Range(0, right.Count).Where(i => right.Label(i) == 3).Take(16)];
        var twice = Twice(session, right, some);

        Assert.Null(AnswerProfile.Of(session, right, some).Doubt);
        Assert.Null(AnswerProfile.Of(session, right, ofOneClass).Doubt);
        Assert.True(AnswerProfile.Of(session, twice, [.. Enumerable.Range(0, some.Length)]).Doubt!.IsCertain);
        Assert.True(AnswerProfile.Of(session, twice, [.. Enumerable.Range(0, 20)]).Doubt!.IsCertain);
    }

    /// <summary>Samples as <c>--normalize imagenet</c> makes them of ones that were inputs already.</summary>
    private static Samples Twice(OnnxSession session, IDataSource once, int[] samples)
    {
        var tensor = once.Read(session.Inputs, samples)[session.Inputs[0].Name];
        return new Samples(Array.ConvertAll(tensor.ToFloats(), x => ((x / 255) - 0.45f) / 0.225f), null, [.. tensor.Dims.Skip(1)]);
    }

    private static AnswerProfile Profile(string node, Samples data, int classes = Classes)
    {
        using var session = OnnxSession.Open(Model(node, classes));
        return Profile(session, data);
    }

    private static AnswerProfile Profile(OnnxSession session, Samples data) =>
        AnswerProfile.Of(session, data, [.. Enumerable.Range(0, data.Count)]);

    private static byte[] Model(string node, int classes) =>
        new TinyModel().Input($"x float [N, {classes}]").Output("y float").Node(node).ToBytes();

    /// <summary>Scores of which one stands out, with normal noise on all.</summary>
    private static Samples Scores(
        int count, Func<int, int> answer, double noise, Func<int, int>? label, int classes = Classes, float height = 8)
    {
        var random = new SeededRandom(5);
        var values = new float[count * classes];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(noise * random.NextNormal()) + (i % classes == answer(i / classes) ? height : 0);
        }

        return new Samples(values, label is null ? null : [.. Enumerable.Range(0, count).Select(label)], classes);
    }

    private static Samples Scores(int count, Func<int, int> answer, double noise) => Scores(count, answer, noise, answer);

    private sealed class Samples(float[] values, int[]? labels, params long[] dims) : IDataSource
    {
        private readonly Tensor _values = Tensor.Of(values, [values.Length / dims.Aggregate(1L, (a, b) => a * b), .. dims]);

        public string Description => "samples";

        public int Count => (int)_values.Dims[0];

        public bool HasLabels => labels is not null;

        public int LargestBatch => int.MaxValue;

        public IReadOnlyList<string> Notes(IReadOnlyList<ValueDescription> inputs) => [];

        public int Label(int index) => labels![index];

        public IReadOnlyDictionary<string, Tensor> Read(IReadOnlyList<ValueDescription> inputs, ReadOnlySpan<int> indices) =>
            new Dictionary<string, Tensor> { [inputs[0].Name] = _values.Take(0, indices) };
    }
}
