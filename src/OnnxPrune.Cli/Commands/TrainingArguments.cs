using System.CommandLine;
using System.Globalization;
using OnnxPrune.Cli.Training;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.LowBits;
using OnnxPrune.Training.Runs;
using OnnxPrune.Training.Steps;

namespace OnnxPrune.Cli.Commands;

/// <summary>The options of training; what is not given comes from a preset.</summary>
internal sealed class TrainingArguments
{
    private readonly List<Option> _all = [];
    private readonly Option<string[]> _data = new("--data")
    {
        HelpName = "PATH",
        Description = "labelled samples to train on: CIFAR-10 .bin, .npz or a folder of class folders of images; repeatable"
    };
    private readonly Option<string> _validation, _holdOut, _normalize, _resize, _limit, _teacher, _round, _seed, _device, _threads,
    _checkpoint, _log, _report, _statistics;
    private readonly Option<string>? _keep;
    private readonly Option<string> _bits, _epochs, _batch, _rate, _decay, _warmUp, _momentum, _weightDecay, _smoothing, _distill,
    _temperature, _crop, _cutout, _average, _norms;
    private readonly Option<bool> _noFlip = new("--no-flip") { Description = "do not mirror images" };
    private readonly Option<bool> _pack =
        new("--pack") { Description = "with --bits: store weights as indices into their levels, so that the file shrinks with the bits" };
    private readonly Option<bool> _restart =
        new("--restart") { Description = "begin anew where a run that was stopped left a checkpoint, and overwrite it" };
    private readonly Option<bool> _scratch =
        new("--scratch") { Description = "begin with random weights: the control that a result needs" };
    private readonly Option<string>? _gateEpochs, _recoverEpochs, _sparseEpochs, _gateRate, _gateMomentum, _gateStart, _gamma, _lambda,
    _channelShare, _blockPart;

    public TrainingArguments(bool isTraining)
    {
        _all.Add(_data);
        _validation = Text("--validation", "PATH", "labelled samples to measure accuracy on; none of them is trained on");
        _limit = Text("--limit", "N", "take at most N samples of each source, drawn by --seed");
        _holdOut = Text(
            "--hold-out",
            "N",
            isTraining
                ? "without --validation: how many samples of the data are kept back for it; default: a tenth"
                : "how many samples of the data are kept back to tell whether finetuning helped, and without --validation to measure "
                    + "accuracy on; default: a tenth");
        _normalize = Text("--normalize", "HOW", CommonOptions.NormalizeMeaning);
        _resize = Text("--resize", "N", CommonOptions.ResizeMeaning);
        _teacher = Text(
            "--teacher",
            "FILE",
            isTraining
                ? "the model that is distilled from; default: in.onnx"
                : "a model to distil from, such as the original of a pruned one");
        if (isTraining)
        {
            _gateEpochs = Text("--gate-epochs", "N", "epochs in which block gates learn (40)");
            _recoverEpochs = Text("--recover-epochs", "N", "epochs between the removal of blocks and the next phase (20)");
            _sparseEpochs = Text("--sparse-epochs", "N", "epochs that make channels sparse (160)");
        }

        _epochs = Text("--epochs", "N", isTraining ? "epochs of finetuning at the end (160)" : "how many epochs (40)");
        _batch = Text("--batch", "N", "samples per step (128)");
        _rate = Text("--lr", "X", isTraining ? "the learning rate (0.1)" : "the learning rate (0.01)");
        _decay = Text("--decay", "HOW", isTraining
            ? "steps (the default: by 10 at 50 % and 75 % of a phase) cosine, or onecycle (up for --warm-up or 30 %, then down)"
            : "cosine (the default), steps (by 10 at 50 % and 75 %), or onecycle (up for --warm-up, then down)");
        _warmUp = Text(
            "--warm-up",
            "SHARE",
            isTraining
                ? "the share of a phase in which the learning rate rises (0)"
                : "the share of the run in which the learning rate rises (0.05)");
        _momentum = Text("--momentum", "X", "of the weights (0.9)");
        _weightDecay = Text("--weight-decay", "X", "of the weights (1e-4)");
        if (isTraining)
        {
            _gateRate = Text("--gate-lr", "X", "the gates' own learning rate (0.1)");
            _gateMomentum = Text("--gate-momentum", "X", "the gates' own momentum (0.9)");
            _gateStart = Text("--gate-start", "P", "how likely gates are open at first (0.5)");
            _gamma = Text("--gamma", "X", "what an open gate costs (0.05), where no target decides it");
            _lambda = Text("--lambda", "X", "the penalty on BatchNormalization's scales (1e-4)");
            _channelShare = Text("--channel-share", "SHARE", "without a target: the share of all channels that goes (0.2)");
            _blockPart = Text("--block-part", "X", "how much of a target blocks give: they leave target^X (0.5)");
        }

        _smoothing = Text("--label-smoothing", "X", "the share of a label that is spread over all classes (0)");
        _distill = Text(
            "--distill",
            "X",
            isTraining
                ? "how much the teacher counts against the labels, 0 to 1 (0)"
                : "how much the teacher counts against the labels, 0 to 1 (0.5 with --teacher)");
        _temperature = Text("--temperature", "X", "what scores are divided by for distillation (4)");
        _crop = Text("--crop", "N", "pixels that images are padded with before they are cropped at random (4)");
        _cutout = Text("--cutout", "N", "lay a square of zeros of N pixels over each image at random; 0 (the default) for none");
        _average = Text(
            "--ema", "DECAY", "judge, cut and write a moving average of the weights, such as 0.999 (0: the weights themselves)");
        _all.Add(_noFlip);
        _bits = Text(
            "--bits",
            "w=N,a=N",
            "learn weights and activations of 2 to 8 bits while finetuning: w=4,a=8 gives each output channel 16 levels, written as 8-bit "
                + (isTraining ? "integers to --pruned; with a=float they are written as floats" : "integers; a=float writes floats"));
        _all.Add(_pack);
        _norms = Text(
            "--batch-norm",
            "HOW",
            "restore (the default): take BatchNormalization that was folded into layers out again while training; keep: do not");
        _statistics = Text(
            "--statistics",
            "WHICH",
            "of BatchNormalization while weights are learned: batch (each batch's own), network (as they are) or auto (whichever does "
                + "better before the first step); default: batch");
        if (!isTraining)
        {
            _keep = Text(
                "--keep",
                "WHICH",
                "better (the default): out.onnx gets the weights of in.onnx where those at the end are no better on the samples kept back; "
                    + "last: always those at the end");
        }

        _round = Text("--round", "N", "keep multiples of N channels; auto (the default) asks the provider");
        _all.Add(_scratch);
        _checkpoint =
            Text("--checkpoint", "FILE", "where the run is saved and gone on from; default: out.onnx.checkpoint, removed at the end");
        _all.Add(_restart);
        _report = Text("--report", "FILE", "write what was asked for and what came of it: .json for machines, .html for people");
        _log = Text("--log", "FILE", "append every epoch and cut as a line of JSON");
        _device = Text("--device", "NAME", "where to train: auto (the default), cpu or cuda");
        _threads = Text("--threads", "N", "threads of libtorch and ONNX Runtime; default: all cores");
        _seed = Text("--seed", "N", "seed of everything random; default: 0");
        if (!isTraining)
        {
            _all.Remove(_round);
        }
    }

    public OptionGroup All => new("Training", _all);

    /// <exception cref="UsageException">A value makes no sense.</exception>
    public TrainOptions Read(ParseResult parsed, TrainingOptions preset)
    {
        var objective = preset.Objective;
        var teacher = parsed.GetValue(_teacher);
        var bits = parsed.GetValue(_bits) is { } widths ? BitWidths.Parse(widths) : null;
        if (bits is null && parsed.GetValue(_pack))
        {
            throw new UsageException("--pack stores weights of few bits: give --bits as well, such as --bits w=4,a=8.");
        }

        if (bits is not null && Share(parsed, _average) is > 0)
        {
            throw new UsageException("--bits and --ema exclude each other: an average of levels is no level.");
        }

        var distill = Share(parsed, _distill) ?? (_gateEpochs is null && teacher is null ? 0 : objective.Distillation);
        return new TrainOptions
        {
            Input = "",
            Output = "",
            Data = parsed.GetValue(_data) is { Length: > 0 } data
                ? data
                : throw new UsageException("--data is missing: give labelled samples to train on."),
            Validation = parsed.GetValue(_validation),
            Limit = CommonOptions.Whole("--limit", parsed.GetValue(_limit), 1),
            KeepsBetter = (_keep is null ? null : parsed.GetValue(_keep)) switch
            {
                null or "better" =>
                true,
                "last" => false,
                var other => throw new UsageException($"--keep {other}: choose better or last.")
            },
            Restarts = parsed.GetValue(_restart),
            Packs = parsed.GetValue(_pack),
            Report = parsed.GetValue(_report),
            HoldOut = CommonOptions.Whole("--hold-out", parsed.GetValue(_holdOut), 1),
            Normalize = CommonOptions.Normalization(parsed.GetValue(_normalize)),
            Resize = CommonOptions.Whole("--resize", parsed.GetValue(_resize), 1),
            Teacher = teacher,
            Checkpoint = parsed.GetValue(_checkpoint),
            Log = parsed.GetValue(_log),
            Device = parsed.GetValue(_device) ?? "auto",
            Threads = CommonOptions.Threads(parsed.GetValue(_threads)),
            Round = parsed.GetValue(_round) is null or "auto" ? null : CommonOptions.Whole("--round", parsed.GetValue(_round), 1),
            Training = preset with
            {
                GateEpochs = Epochs(parsed, _gateEpochs) ?? preset.GateEpochs,
                RecoverEpochs = Epochs(parsed, _recoverEpochs) ?? preset.RecoverEpochs,
                SparseEpochs = Epochs(parsed, _sparseEpochs) ?? preset.SparseEpochs,
                Epochs = Epochs(parsed, _epochs) ?? preset.Epochs,
                BatchSize = CommonOptions.Whole("--batch", parsed.GetValue(_batch), 2) ?? preset.BatchSize,
                LearningRate = new LearningRate(
                    Number(parsed, _rate) ?? preset.LearningRate.Peak,
                    ParseDecay(parsed.GetValue(_decay)) ?? preset.LearningRate.Decay,
                    Share(parsed, _warmUp) ?? preset.LearningRate.WarmUp),
                Bits = bits,
                Momentum = Number(parsed, _momentum) ?? preset.Momentum,
                WeightDecay = Number(parsed, _weightDecay) ?? preset.WeightDecay,
                Gates = preset.Gates with
                {
                    LearningRate = Number(parsed, _gateRate) ?? preset.Gates.LearningRate,
                    Momentum = Number(parsed, _gateMomentum) ?? preset.Gates.Momentum,
                    Start = Share(parsed, _gateStart) switch
                    {
                        null => preset.Gates.Start,
                        0 or 1 => throw new UsageException(
                        "--gate-start: give a number above 0 and below 1."), { } start => start
                    },
                    Gamma = Number(parsed, _gamma) ?? preset.Gates.Gamma,
                },
                Lambda = Number(parsed, _lambda) ?? preset.Lambda,
                ChannelShare = Share(parsed, _channelShare) ?? preset.ChannelShare,
                BlockPart = Share(parsed, _blockPart) ?? preset.BlockPart,
                AverageDecay = Share(parsed, _average) switch
                {
                    1 => throw new UsageException("--ema 1 never takes in a step: give a number below 1, such as 0.999."),
                    var decay => decay ?? preset.AverageDecay,
                },
                Objective = new Objective(Share(parsed, _smoothing) ?? objective.LabelSmoothing, distill, CommonOptions.Positive(
                    "--temperature", parsed.GetValue(_temperature)) ?? objective.Temperature),
                Augmentation = new Augmentation(
                    CommonOptions.Whole("--crop", parsed.GetValue(_crop), 0) ?? preset.Augmentation.Padding,
                    preset.Augmentation.Flips && !parsed.GetValue(_noFlip),
                    CommonOptions.Whole("--cutout", parsed.GetValue(_cutout), 0) ?? preset.Augmentation.Cutout),
                Statistics = parsed.GetValue(_statistics) switch
                {
                    null => preset.Statistics,
                    "batch" => NormStatistics.Batch,
                    "network" => NormStatistics.Kept,
                    "auto" => NormStatistics.Auto,
                    var other => throw new UsageException($"--statistics {other}: choose auto, batch or network."),
                },
                RestoresNorms = parsed.GetValue(_norms) switch
                {
                    null or "restore" =>
                    true,
                    "keep" => false,
                    var other => throw new UsageException($"--batch-norm {other}: choose restore or keep.")
                },
                Scratch = parsed.GetValue(_scratch),
                Seed = CommonOptions.Whole("--seed", parsed.GetValue(_seed), 0) ?? 0,
            },
        };
    }

    private static int? Epochs(ParseResult parsed, Option<string>? option) =>
        option is null ? null : CommonOptions.Whole(option.Name, parsed.GetValue(option), 0);

    private static double? Number(ParseResult parsed, Option<string>? option) => option is null || parsed.GetValue(option) is not { } text
        ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && number >= 0
            ? number
            : throw new UsageException($"{option.Name} {text}: give a number of at least 0.");

    private static double? Share(ParseResult parsed, Option<string>? option) => Number(parsed, option) is not { } share
        ? null
        : share <= 1
            ? share
            : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option!.Name} {share}: give a number from 0 to 1."));

    private static Decay? ParseDecay(string? text) => text switch
    {
        null => null,
        "steps" => Decay.Steps,
        "cosine" => Decay.Cosine,
        "onecycle" => Decay.OneCycle,
        _ => throw new UsageException($"--decay {text}: choose steps, cosine or onecycle."),
    };

    private Option<string> Text(string name, string helpName, string description)
    {
        var option = CommonOptions.Text(name, helpName, description);
        _all.Add(option);
        return option;
    }
}
