using System.IO.Compression;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Tests.Data;

public sealed class DataSourceTests
{
    private static readonly ValueDescription[] Nchw = [new("x", ElementType.Float, new Shape(new Dim(null, "N"), 3, 2, 2))];
    private static readonly ValueDescription[] Nhwc = [new("x", ElementType.Float, new Shape(new Dim(null, "N"), 2, 2, 3))];
    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 24).Select(i => (byte)i)];

    [Fact]
    public void Cifar_batches_are_labels_and_planes()
    {
        using var folder = new TemporaryFolder();
        WriteCifar(folder["data_batch_1.bin"], 3, 7);
        WriteCifar(folder["data_batch_2.bin"], 9);

        var source = DataSource.Open(folder["data_batch_*.bin"], "none");

        Assert.Equal([3, 7, 9], Enumerable.Range(0, source.Count).Select(source.Label));
        var pixels = source.Read([new("x", ElementType.Float, new Shape(Dim.Unknown, 3, 32, 32))], [2, 0])["x"].ToFloats();
        Assert.Equal(9, pixels[0]);
        Assert.Equal(9 + 1, pixels[1024]);
        Assert.Equal(3 + 2, pixels[3072 + 2048]);
    }

    [Fact]
    public void Several_batches_in_a_folder_are_one_source_unless_training_meets_test()
    {
        using var folder = new TemporaryFolder();
        WriteCifar(folder["data_batch_1.bin"], 1);
        WriteCifar(folder["data_batch_2.bin"], 2);
        Assert.Equal(2, DataSource.Open(folder).Count);

        WriteCifar(folder["test_batch.bin"], 3);

        Assert.Throws<UsageException>(() => DataSource.Open(folder));
        Assert.Equal(1, DataSource.Open(folder["test_batch.bin"]).Count);
    }

    [Fact]
    public void Damaged_Cifar_batches_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.bin"], new byte[3072]);
        WriteCifar(folder["b.bin"], 200);

        Assert.Contains("no whole number of images", Assert.Throws<UsageException>(() => DataSource.Open(folder["a.bin"])).Message);
        Assert.Contains("label 200", Assert.Throws<UsageException>(() => DataSource.Open(folder["b.bin"])).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Numpy_arrays_of_bytes_are_pixels_in_either_layout(int version)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of("|u1", "(2, 2, 2, 3)", Bytes, version));
        var source = DataSource.Open(folder["x.npy"], "none");

        var first = source.Read(Nchw, [0])["x"];
        var last = source.Read(Nhwc, [0])["x"];

        Assert.Equal([1, 3, 2, 2], first.Dims);
        Assert.Equal([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11], first.ToFloats());
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], last.ToFloats());
        Assert.False(source.HasLabels);
    }

    [Fact]
    public void Fortran_order_is_understood()
    {
        using var folder = new TemporaryFolder();
        // Element (i, j) of [[0, 1, 2], [3, 4, 5]] in column order.
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of("<f4", "(2, 3)", [0f, 3, 1, 4, 2, 5], fortran: true));

        var read = DataSource.Open(folder["x.npy"]).Read([new("x", ElementType.Float, new Shape(Dim.Unknown, 3))], [0, 1])["x"];

        Assert.Equal([0, 1, 2, 3, 4, 5], read.ToFloats());
    }

    [Fact]
    public void Floats_are_used_as_they_are_unless_a_normalization_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of("<f4", "(1, 3, 2, 2)", [.. Enumerable.Repeat(0.5f, 12)]));

        var ready = DataSource.Open(folder["x.npy"]);
        var normalized = DataSource.Open(folder["x.npy"], "mean=0.5,0.25,0;std=0.5,0.5,0.5");

        Assert.Contains("as they are", ready.Notes(Nchw).Single());
        Assert.All(ready.Read(Nchw, [0])["x"].ToFloats(), v => Assert.Equal(0.5f, v));
        Assert.Equal(
            [0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1],
            normalized.Read(Nchw, [0])["x"].ToFloats().Select(v => Math.Round(v, 5)));
        Assert.Equal([1, 2, 2, 3], ready.Read(Nhwc, [0])["x"].Dims);
    }

    [Theory]
    [InlineData("x", "y")]
    [InlineData("images", "labels")]
    [InlineData("data", "labels")]
    [InlineData("arr_0", "arr_1")]
    public void Archives_carry_samples_and_labels(string samples, string labels)
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Archive(
            folder["d.npz"], (samples, NumpyFile.Of("|u1", "(2, 2, 2, 3)", Bytes)), (labels, NumpyFile.Of("<i8", "(2,)", [4L, 5L])));

        var source = DataSource.Open(folder["d.npz"]);

        Assert.Equal((2, true, 5), (source.Count, source.HasLabels, source.Label(1)));
        Assert.Contains("--normalize", source.Notes(Nchw).Single());
        Assert.Equal(23f / 255, source.Read(Nhwc, [1])["x"].ToFloats()[^1], 6);
    }

    [Fact]
    public void Arrays_called_like_the_inputs_of_a_model_feed_several()
    {
        // given
        using var folder = new TemporaryFolder();
        NumpyFile.Archive(
            folder["d.npz"],
            ("Speed", NumpyFile.Of("<f4", "(2, 1)", [7f, 8f])),
            ("image", NumpyFile.Of("<f8", "(2, 2)", [1.0, 2, 3, 4])),
            ("labels", NumpyFile.Of("<i8", "(2,)", [4L, 5L])));
        ValueDescription[] inputs = [
            new("image", ElementType.Float, new Shape(new Dim(null, "N"), 2)),
            new("Speed", ElementType.Float, new Shape(new Dim(null, "N"), 1))
        ];

        // when
        var source = DataSource.Open(folder["d.npz"]);
        var batch = source.Read(inputs, [1]);

        // then
        Assert.Equal((2, true, 5), (source.Count, source.HasLabels, source.Label(1)));
        Assert.Equal([3f, 4], batch["image"].ToFloats());
        Assert.Equal([8f], batch["Speed"].ToFloats());
        Assert.Contains("name each like an input of the model (x)", Assert.Throws<UsageException>(() => source.Read(Nchw, [0])).Message);
    }

    [Fact]
    public void Archives_that_do_not_fit_are_refused_in_one_sentence()
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Archive(
            folder["names.npz"], ("foo", NumpyFile.Of("|u1", "(1,)", new byte[1])), ("bar", NumpyFile.Of("|u1", "(2,)", new byte[2])));
        NumpyFile.Archive(folder["none.npz"]);
        NumpyFile.Archive(
            folder["labels.npz"], ("x", NumpyFile.Of("|u1", "(2, 2, 2, 3)", Bytes)), ("y", NumpyFile.Of("<i8", "(3,)", [4L, 5L, 6L])));
        File.WriteAllBytes(folder["zip.npz"], [1, 2, 3]);

        Assert.Contains("one first dimension", Assert.Throws<UsageException>(() => DataSource.Open(folder["names.npz"])).Message);
        Assert.Contains("no arrays", Assert.Throws<UsageException>(() => DataSource.Open(folder["none.npz"])).Message);
        Assert.Contains("one class number per sample", Assert.Throws<UsageException>(() => DataSource.Open(folder["labels.npz"])).Message);
        Assert.Contains("damaged", Assert.Throws<UsageException>(() => DataSource.Open(folder["zip.npz"])).Message);
    }

    [Theory]
    [InlineData("checksum", "its checksum is")]
    [InlineData("longer", "damaged")]
    [InlineData("shorter", "damaged")]
    [InlineData("encrypted", "is encrypted")]
    [InlineData("method", "cannot be unpacked")]
    public void A_member_that_is_not_what_was_packed_is_refused_in_one_sentence(string what, string words)
    {
        using var folder = new TemporaryFolder();
        NumpyFile.Archive(folder["d.npz"], ("x", NumpyFile.Of("|u1", "(2, 2, 2, 3)", Bytes)));
        var bytes = File.ReadAllBytes(folder["d.npz"]);
        var directory = bytes.AsSpan().LastIndexOf("PK\x01\x02"u8);
        switch (what)
        {
            case "checksum":
                bytes[directory + 16] ^= 1;
                break;
            case "longer":
                bytes[directory + 24] -= 1;
                break;
            case "shorter":
                bytes[directory + 24] += 1;
                break;
            case "encrypted":
                bytes[directory + 8] |= 1;
                break;
            default:
                // 12 is bzip2.
                bytes[directory + 10] = 12;
                break;
        }

        File.WriteAllBytes(folder["d.npz"], bytes);

        var failure = Assert.Throws<UsageException>(() => DataSource.Open(folder["d.npz"]));

        Assert.Contains(words, failure.Message);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void An_archive_bomb_is_refused_before_it_is_unpacked()
    {
        using var folder = new TemporaryFolder();
        using (var archive = ZipFile.Open(folder["bomb.npz"], ZipArchiveMode.Create))
        {
            using var stream = archive.CreateEntry("x.npy", CompressionLevel.Optimal).Open();
            for (var i = 0; i < 80; i++)
            {
                stream.Write(new byte[1 << 20]);
            }
        }

        Assert.Contains("is refused", Assert.Throws<UsageException>(() => DataSource.Open(folder["bomb.npz"])).Message);
    }

    [Theory]
    [InlineData("<f4", "(2, 3)", "takes 24 bytes, but 4 follow the header")]
    [InlineData("<f4", "(99999999999, 99999999999)", "shape")]
    [InlineData("<f4", "(-1,)", "dimension '-1'")]
    [InlineData(">f4", "(1,)", "big-endian")]
    [InlineData("|S4", "(1,)", "type '|S4'")]
    [InlineData("\"<f4", "(1,)", "type '\"<f4'")]
    public void Arrays_that_lie_or_hold_no_numbers_are_refused(string descr, string shape, string reason)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of(descr, shape, [1f]));

        Assert.Contains(reason, Assert.Throws<UsageException>(() => DataSource.Open(folder["x.npy"])).Message);
    }

    [Fact]
    public void Truncated_arrays_are_refused_wherever_they_end()
    {
        using var folder = new TemporaryFolder();
        var whole = NumpyFile.Of("|u1", "(2, 2, 2, 3)", Bytes);
        for (var length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(folder["x.npy"], whole[..length]);
            Assert.Throws<UsageException>(() => DataSource.Open(folder["x.npy"]));
        }
    }

    [Fact]
    public void Test_data_feed_every_input_by_name_or_order()
    {
        using var folder = new TemporaryFolder();
        foreach (var set in (string[])["test_data_set_0", "test_data_set_1"])
        {
            Directory.CreateDirectory(folder[set]);
            TensorFile.Write(folder[$"{set}/input_0.pb"], Tensor.Of([1f, 2f], 1, 2), "b");
            TensorFile.Write(folder[$"{set}/input_1.pb"], Tensor.Of([3L]), "a");
        }

        ValueDescription[] inputs = [new("a", ElementType.Int64, new Shape(1)), new("b", ElementType.Float, new Shape(1, 2))];
        var source = DataSource.Open(folder);

        Assert.Equal(2, source.Count);
        Assert.Equal([3L], source.Read(inputs, [1])["a"].ToLongs());
        Assert.Equal(1, DataSource.Open(folder["test_data_set_0/input_0.pb"]).Count);
        Assert.Throws<UsageException>(() => source.Read(inputs[..1], [0]));
    }

    [Fact]
    public void A_file_that_is_no_tensor_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["input_0.pb"], [255, 255, 255]);

        Assert.Throws<UsageException>(() => DataSource.Open(folder["input_0.pb"]));

        TensorFile.Write(folder["input_0.pb"], Tensor.Of(Array.Empty<float>(), 0, 3), "x");
        Assert.Contains("holds no samples", Assert.Throws<UsageException>(() => DataSource.Open(folder["input_0.pb"])).Message);
    }

    [Fact]
    public void Images_of_another_size_than_the_model_wants_are_refused()
    {
        using var folder = new TemporaryFolder();
        WriteCifar(folder["a.bin"], 1);

        var e = Assert.Throws<UsageException>(() => DataSource.Open(folder["a.bin"]).Read(Nchw, [0]));

        Assert.Equal(
            "The images are 3x32x32 (channels, height, width), but the model's input is 'x' Float[N, 3, 2, 2]; give images of that size, "
                + "or a folder of images and --resize.",
            e.Message);
    }

    [Theory]
    [InlineData("imagenot")]
    [InlineData("mean=1,2;std=1")]
    [InlineData("mean=1,2,3;std=1,0,1")]
    [InlineData("mean=a")]
    public void Unknown_normalizations_are_refused(string text) => Assert.Throws<UsageException>(() => Normalization.Parse(text));

    [Fact]
    public void Paths_that_hold_nothing_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.txt"], "");

        Assert.Contains("does not exist", Assert.Throws<UsageException>(() => DataSource.Open(folder["none.npz"])).Message);
        Assert.Contains("no data of a known kind", Assert.Throws<UsageException>(() => DataSource.Open(folder)).Message);
        Assert.Contains("of no known kind", Assert.Throws<UsageException>(() => DataSource.Open(folder["a.txt"])).Message);
    }

    [Fact]
    public void A_fixed_batch_is_padded_and_the_padding_does_not_count()
    {
        using var folder = new TemporaryFolder();
        WriteCifar(folder["a.bin"], 1, 2, 3, 4, 5);
        ValueDescription[] inputs = [new("x", ElementType.Float16, new Shape(2, 3, 32, 32))];

        var batches = DataSource.Open(folder["a.bin"]).Batches(inputs).ToArray();

        Assert.Equal([2, 2, 1], batches.Select(b => b.Count));
        Assert.All(batches, b => Assert.Equal([2, 3, 32, 32], b.Inputs["x"].Dims));
        Assert.Equal([1, 2, 3, 4, 5], batches.SelectMany(b => b.Labels));
    }

    [Fact]
    public void A_sample_is_seeded_and_a_split_is_disjoint()
    {
        using var folder = new TemporaryFolder();
        WriteCifar(folder["a.bin"], [.. Enumerable.Repeat((byte)1, 40)]);
        var source = DataSource.Open(folder["a.bin"]);

        var (first, second) = source.Split(10, seed: 1);

        Assert.Equal(source.Sample(10, 1), source.Sample(10, 1));
        Assert.NotEqual(source.Sample(10, 1), source.Sample(10, 2));
        Assert.Equal(10, source.Sample(10, 1).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 40), first.Concat(second).Order());
        Assert.Throws<UsageException>(() => source.Sample(0, 1));
    }

    [Theory]
    [InlineData("<f4", "unit")]
    [InlineData("<f4", "imagenet")]
    [InlineData("<f8", "mean=0.5;std=0.25")]
    public void A_normalization_of_floats_that_are_no_pixels_is_refused(string descr, string normalize)
    {
        using var folder = new TemporaryFolder();
        float[][] noPixels = [[-2.1f, 2.6f], [0, 4.5f], [0, 256], [-0.5f, 0.5f]];
        foreach (var (range, i) in noPixels.Select((r, i) => (r, i)))
        {
            WriteFloats(folder[$"{i}.npy"], descr, range);
            NumpyFile.Archive(
                folder[$"{i}.npz"], ("x", File.ReadAllBytes(folder[$"{i}.npy"])), ("y", NumpyFile.Of("<i8", "(2,)", [4L, 5L])));

            foreach (var file in (string[])[folder[$"{i}.npy"], folder[$"{i}.npz"]])
            {
                var e = Assert.Throws<UsageException>(() => DataSource.Open(file, normalize));
                Assert.Contains(
                    $"is for pixels, but the floats of '{file}' go from {FormattableString.Invariant($"{range[0]} to {range[1]}")}, which "
                        + "is neither 0..1 nor 0..255",
                    e.Message);
            }
        }
    }

    [Theory]
    [InlineData(0, 1, 255)]
    [InlineData(0, 1.0001, 255)]
    [InlineData(0, 255, 1)]
    [InlineData(3.5, 180.25, 1)]
    [InlineData(2, 9, 1)]
    public void Floats_that_are_pixels_are_normalized(double least, double most, double scale)
    {
        using var folder = new TemporaryFolder();
        WriteFloats(folder["x.npy"], "<f4", [(float)least, (float)most]);

        var read = DataSource.Open(folder["x.npy"], "mean=0;std=1").Read(Nchw, [0])["x"].ToFloats();

        Assert.Equal(least * scale / 255, read[0], 1e-5);
        Assert.Equal(most * scale / 255, read[1], 1e-5);
    }

    [Fact]
    public void Floats_are_as_they_are_where_no_normalization_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        WriteFloats(folder["x.npy"], "<f4", [-0.5f, 0.5f]);

        var (asked, silent) = (DataSource.Open(folder["x.npy"], "none"), DataSource.Open(folder["x.npy"]));

        Assert.Equal([-0.5f, 0.5f], asked.Read(Nchw, [0])["x"].ToFloats()[..2]);
        Assert.Empty(asked.Notes(Nchw));
        Assert.Contains("The data are floats (-0.5 to 0.5) and were fed as they are", silent.Notes(Nchw).Single());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("none")]
    public void Booleans_are_the_numbers_0_and_1_and_no_pixels(string? normalization)
    {
        using var folder = new TemporaryFolder();
        var array = NumpyFile.Of<byte>("|b1", "(1, 3, 2, 2)", [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        File.WriteAllBytes(folder["x.npy"], array);
        NumpyFile.Archive(folder["x.npz"], ("x", array), ("y", NumpyFile.Of("<i8", "(1,)", [4L])));
        NumpyFile.Archive(folder["named.npz"], ("mask", array));

        foreach (var file in (string[])["x.npy", "x.npz", "named.npz"])
        {
            var read = DataSource.Open(folder[file], normalization).Read(Nchw, [0])["x"];

            Assert.Equal([0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], read.ToFloats());
        }

        // Any number of axes, and inputs that are boolean themselves.
        File.WriteAllBytes(folder["flags.npy"], NumpyFile.Of<byte>("|b1", "(2, 3)", [0, 1, 1, 1, 0, 0]));
        var flags = DataSource.Open(folder["flags.npy"], normalization)
            .Read([new("x", ElementType.Bool, new Shape(Dim.Unknown, 3))], [1])["x"];
        Assert.Equal(ElementType.Bool, flags.ElementType);
        Assert.Equal([1, 0, 0], flags.ToFloats());
    }

    [Fact]
    public void Booleans_are_black_and_white_pixels_where_a_normalization_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of<byte>("|b1", "(1, 3, 2, 2)", [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]));

        Assert.Contains("The data are booleans (0 to 1)", DataSource.Open(folder["x.npy"]).Notes(Nchw).Single());
        Assert.Equal(
            [-1, 1, 1, -1], DataSource.Open(folder["x.npy"], "mean=0.5;std=0.5").Read(Nchw, [0])["x"].ToFloats()[..4]);
    }

    [Fact]
    public void Whole_numbers_that_are_no_pixels_are_refused_and_fed_as_they_are_with_none()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of("<i2", "(1, 3, 2, 2)", [.. Enumerable.Range(-3, 12).Select(i => (short)i)]));

        Assert.Contains(
            "go from -3 to 8, and pixels from 0 to 255", Assert.Throws<UsageException>(() => DataSource.Open(folder["x.npy"])).Message);
        Assert.Equal(-3, DataSource.Open(folder["x.npy"], "none").Read(Nchw, [0])["x"].ToFloats()[0]);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_sample_that_is_not_finite_is_named_in_every_kind_of_data(float bad)
    {
        using var folder = new TemporaryFolder();
        var values = new float[8 * 12];
        values[(6 * 12) + 5] = bad;
        var array = NumpyFile.Of("<f4", "(8, 3, 2, 2)", values);
        File.WriteAllBytes(folder["x.npy"], array);
        File.WriteAllBytes(folder["half.npy"], NumpyFile.Of("<f2", "(8, 3, 2, 2)", Array.ConvertAll(values, v => (Half)v)));
        NumpyFile.Archive(folder["x.npz"], ("x", array), ("y", NumpyFile.Of("<i8", "(8,)", new long[8])));
        NumpyFile.Archive(folder["named.npz"], ("left", array), ("right", NumpyFile.Of("<f4", "(8, 1)", new float[8])));
        Directory.CreateDirectory(folder["set"]);
        TensorFile.Write(folder["set/input_0.pb"], Tensor.Of(values, 8, 3, 2, 2), "x");

        foreach (var name in (string[])["x.npy", "half.npy", "x.npz", "named.npz", "set", "set/input_0.pb"])
        {
            Assert.Contains("sample 6 of '", Refusal(folder[name], null));
            Assert.Contains("is not finite", Refusal(folder[name], null));
        }

        Assert.Contains("sample 6 of", Refusal(folder["x.npy"], "unit"));
        Assert.Contains("sample 6 of", Refusal(folder["x.npy"], "none"));
    }

    [Fact]
    public void A_number_that_single_precision_does_not_hold_is_not_finite()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of("<f8", "(2, 2)", [1.0, 2, 3, 1e300]));

        Assert.Contains("sample 1 of", Refusal(folder["x.npy"], null));
    }

    [Fact]
    public void A_number_that_half_precision_does_not_hold_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["x.npy"], NumpyFile.Of("<f4", "(1, 2)", [1f, 1e6f]));

        var e = Assert.Throws<UsageException>(() =>
            DataSource.Open(folder["x.npy"]).Read([new("x", ElementType.Float16, new Shape(Dim.Unknown, 2))], [0]));

        Assert.Contains("1000000, which is too large for the model's input of Float16", e.Message);
    }

    [Fact]
    public void Floats_in_the_other_layout_are_turned_and_told_of()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["last.npy"], NumpyFile.Of("<f4", "(1, 2, 2, 3)", [.. Enumerable.Range(0, 12).Select(i => (float)i)]));
        File.WriteAllBytes(folder["first.npy"], NumpyFile.Of("<f4", "(1, 3, 2, 2)", new float[12]));
        NumpyFile.Archive(folder["named.npz"], ("x", File.ReadAllBytes(folder["last.npy"])));
        NumpyFile.Archive(
            folder["both.npz"], ("x1", File.ReadAllBytes(folder["last.npy"])), ("x2", File.ReadAllBytes(folder["first.npy"])));

        var last = DataSource.Open(folder["last.npy"], "none");

        Assert.Equal([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11], last.Read(Nchw, [0])["x"].ToFloats());
        Assert.Contains("channels last, and were turned to channels first", last.Notes(Nchw).Single());
        Assert.Contains(
            "channels first, and were turned to channels last", DataSource.Open(folder["first.npy"], "none").Notes(Nhwc).Single());
        Assert.Contains(
            "channels last, and were turned to channels first", DataSource.Open(folder["named.npz"], "none").Notes(Nchw).Single());
        Assert.Contains(
            "channels last, and were turned to channels first",
            DataSource.Open(folder["both.npz"]).Notes([Nchw[0] with { Name = "x1" }, Nchw[0] with { Name = "x2" }]).Single());
        Assert.Empty(last.Notes(Nhwc));
    }

    [Fact]
    public void A_normalization_that_does_not_apply_is_told_of()
    {
        using var folder = new TemporaryFolder();
        TensorFile.Write(folder["input_0.pb"], Tensor.Of([1f, 2f], 1, 2), "x");

        Assert.Contains("--normalize imagenet is for pixels", DataSource.Open(folder["input_0.pb"], "imagenet").Notes(Nchw).Single());
        Assert.Empty(DataSource.Open(folder["input_0.pb"], "none").Notes(Nchw));
    }

    private static string Refusal(string path, string? normalize) =>
        Assert.Throws<UsageException>(() => DataSource.Open(path, normalize)).Message;

    /// <summary>Two samples for <see cref="Nchw"/>, of which the first begins with the given numbers.</summary>
    private static void WriteFloats(string path, string descr, float[] first)
    {
        float[] values = [.. first, .. Enumerable.Repeat(first[0], 24 - first.Length)];
        File.WriteAllBytes(path, descr == "<f8" ? NumpyFile.Of(
            descr, "(2, 3, 2, 2)", Array.ConvertAll(values, v => (double)v)) : NumpyFile.Of(descr, "(2, 3, 2, 2)", values));
    }

    /// <summary>Images whose every pixel is the label, plus the number of the plane.</summary>
    private static void WriteCifar(string path, params byte[] labels) => File.WriteAllBytes(path, [.. labels.SelectMany(l =>
        Enumerable.Range(-1, 3073).Select(i => i < 0 ? l : (byte)(l + (i / 1024))))]);
}
