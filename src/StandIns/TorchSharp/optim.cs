using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            public interface ILearningRateController
            {
                double LearningRate { get; set; }
            }

            public abstract class Optimizer : IDisposable
            {
                public abstract IEnumerable<ILearningRateController> ParamGroups { get; }

                public abstract void zero_grad();

                public abstract Tensor step(Func<Tensor> closure = null);

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                protected virtual void Dispose(bool disposing)
                {
                }
            }

            public static Modules.SGD SGD(IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, bool maximize = false) =>
                new(parameters, learningRate, momentum, weight_decay);

            public static Modules.Adam Adam(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps);
        }
    }

    namespace Modules
    {
        public abstract class OptimizerHelper : torch.optim.Optimizer
        {
            public abstract void save_state_dict(BinaryWriter writer);

            public abstract void load_state_dict(BinaryReader reader);

            internal static void ZeroGrad(IEnumerable<Parameter> parameters)
            {
                foreach (var parameter in parameters)
                {
                    using var grad = parameter.grad;
                    grad?.zero_();
                }
            }

            internal sealed class Group : torch.optim.ILearningRateController
            {
                public double LearningRate { get; set; }
            }
        }

        /// <summary>Stochastic gradient descent with momentum and weight decay.</summary>
        public class SGD : OptimizerHelper
        {
            private readonly Parameter[] _parameters;
            private readonly torch.Tensor[] _velocities;
            private readonly Group _group;
            private readonly double _momentum;
            private readonly double _weightDecay;

            internal SGD(IEnumerable<Parameter> parameters, double learningRate, double momentum, double weightDecay)
            {
                _parameters = parameters.ToArray();
                _velocities = new torch.Tensor[_parameters.Length];
                (_group, _momentum, _weightDecay) = (new Group { LearningRate = learningRate }, momentum, weightDecay);
            }

            public override IEnumerable<torch.optim.ILearningRateController> ParamGroups => [_group];

            public override void zero_grad() => ZeroGrad(_parameters);

            public override torch.Tensor step(Func<torch.Tensor> closure = null)
            {
                using var scope = torch.NewDisposeScope();
                using var mode = torch.no_grad();
                for (var i = 0; i < _parameters.Length; i++)
                {
                    var parameter = _parameters[i];
                    if (parameter.grad is not { } grad)
                    {
                        continue;
                    }

                    grad = _weightDecay == 0 ? grad : grad.add(parameter, _weightDecay);
                    if (_momentum != 0)
                    {
                        _velocities[i] = _velocities[i]?.mul_(_momentum).add_(grad, 1) ?? grad.clone().DetachFromDisposeScope();
                        grad = _velocities[i];
                    }

                    parameter.add_(grad, -_group.LearningRate);
                }

                return null;
            }

            public override void save_state_dict(BinaryWriter writer)
            {
                using var scope = torch.NewDisposeScope();
                writer.Write(_group.LearningRate);
                writer.Write(_velocities.Length);
                foreach (var velocity in _velocities)
                {
                    writer.Write(velocity is not null);
                    if (velocity is not null)
                    {
                        var bytes = velocity.cpu().contiguous().bytes;
                        writer.Write(bytes.Length);
                        writer.Write(bytes);
                    }
                }
            }

            public override void load_state_dict(BinaryReader reader)
            {
                _group.LearningRate = reader.ReadDouble();
                if (reader.ReadInt32() != _velocities.Length)
                {
                    throw new ArgumentException("Invalid optimizer state -- different number of states.");
                }

                for (var i = 0; i < _velocities.Length; i++)
                {
                    _velocities[i]?.Dispose();
                    _velocities[i] = reader.ReadBoolean() ? Read(reader, _parameters[i]) : null;
                }
            }

            private static torch.Tensor Read(BinaryReader reader, torch.Tensor like)
            {
                using var scope = torch.NewDisposeScope();
                using var mode = torch.no_grad();
                var onCpu = like.detach().cpu().contiguous().clone();
                onCpu.bytes = reader.ReadBytes(reader.ReadInt32());
                return like.detach().clone().copy_(onCpu).DetachFromDisposeScope();
            }

            protected override void Dispose(bool disposing)
            {
                foreach (var velocity in _velocities)
                {
                    velocity?.Dispose();
                }
            }
        }
    }
}
