"""What many sequences say of one model: records that add up, over any executor.

`survey` makes a `Survey`; it needs what `gradient_flow` and `training_gradient` answer for one
sequence, and imports analysis and all below it.
"""

from gradflow.surveys.record import Survey
from gradflow.surveys.run import survey
from gradflow.surveys.sample import Sample

__all__ = ["Sample", "Survey", "survey"]
