using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace TorchSharp.Modules
{
    /// <summary>Adam (Kingma and Ba 2015) with bias correction.</summary>
    public class Adam : OptimizerHelper
    {
        private readonly Parameter[] _parameters;
        private readonly (torch.Tensor Mean, torch.Tensor Square)[] _moments;
        private readonly Group _group;
        private readonly (double Mean, double Square) _decay;
        private readonly double _epsilon;
        private int _steps;

        internal Adam(IEnumerable<Parameter> parameters, double learningRate, double beta1, double beta2, double epsilon)
        {
            _parameters = parameters.ToArray();
            _moments = new (torch.Tensor, torch.Tensor)[_parameters.Length];
            (_group, _decay, _epsilon) = (new Group { LearningRate = learningRate }, (beta1, beta2), epsilon);
        }

        public override IEnumerable<torch.optim.ILearningRateController> ParamGroups => [_group];

        public override void zero_grad() => ZeroGrad(_parameters);

        public override torch.Tensor step(Func<torch.Tensor> closure = null)
        {
            using var scope = torch.NewDisposeScope();
            using var mode = torch.no_grad();
            _steps++;
            for (var i = 0; i < _parameters.Length; i++)
            {
                var parameter = _parameters[i];
                if (parameter.grad is not { } grad)
                {
                    continue;
                }

                if (_moments[i].Mean is null)
                {
                    _moments[i] = (grad.mul(0).DetachFromDisposeScope(), grad.mul(0).DetachFromDisposeScope());
                }

                var mean = _moments[i].Mean.mul_(_decay.Mean).add_(grad, 1 - _decay.Mean);
                var square = _moments[i].Square.mul_(_decay.Square).addcmul_(grad, grad, 1 - _decay.Square);
                var root = square.sqrt().mul_(1 / Math.Sqrt(1 - Math.Pow(_decay.Square, _steps))).add_(_epsilon);
                parameter.addcdiv_(mean, root, -_group.LearningRate / (1 - Math.Pow(_decay.Mean, _steps)));
            }

            return null;
        }

        public override void save_state_dict(BinaryWriter writer) => throw new NotSupportedException("The stand-in does not save Adam's state.");

        public override void load_state_dict(BinaryReader reader) => throw new NotSupportedException("The stand-in does not load Adam's state.");

        protected override void Dispose(bool disposing)
        {
            foreach (var (mean, square) in _moments)
            {
                mean?.Dispose();
                square?.Dispose();
            }
        }
    }
}
