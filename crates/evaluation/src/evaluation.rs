//! One evaluation that was moved off the writer, and its result. It changes nothing: the writer applies the result if the
//! execution has not moved since.

use std::sync::Arc;

use rampmeter_asl::{
    Advance, ChildFailure, Effort, Frame, FrameId, Payload, Progress, Reach, StateMachine,
    Stimulus, Unmoved, advance, map_run_input,
};

use crate::frozen::FrozenContext;

/// What is to be evaluated.
#[derive(Clone, Debug)]
pub enum Question {
    /// What becomes of a frame that receives a stimulus.
    Advance {
        /// The frame as it is now.
        frame: Box<Frame>,
        /// How far its execution has come.
        progress: Progress,
        /// The stimulus.
        stimulus: Stimulus,
    },
    /// The input of one child execution of a map run.
    ChildInput {
        /// The frame that waits for the map run.
        parent: Arc<Frame>,
        /// Which child, from 0.
        index: u32,
    },
}

/// A question with everything that its result may depend on.
#[derive(Debug)]
pub struct Evaluation {
    /// The definition.
    pub machine: Arc<StateMachine>,
    /// What the expressions may see.
    pub context: FrozenContext,
    /// What is to be evaluated.
    pub question: Question,
}

/// The result of an evaluation.
#[derive(Debug)]
pub enum Evaluated {
    /// A frame moved.
    Advanced {
        /// How far its execution had come before.
        before: Progress,
        /// The frame after it.
        frame: Box<Frame>,
        /// How far its execution has come after it.
        progress: Progress,
        /// What happened; none if the frame did not wait for that stimulus.
        advance: Option<Advance>,
    },
    /// The input of a child execution.
    ChildInput {
        /// The frame that waits for the map run.
        parent: FrameId,
        /// Which child.
        index: u32,
        /// Its input, or why it failed before it began.
        input: Result<Payload, ChildFailure>,
    },
}

impl Evaluation {
    /// The result; none if it takes more than such a reach allows.
    #[must_use]
    pub fn evaluate(&self, reach: Reach) -> Option<Evaluated> {
        let effort = Effort::of(reach);
        self.context
            .thaw(&self.machine, &effort, |machine, context| {
                match &self.question {
                    Question::Advance {
                        frame,
                        progress,
                        stimulus,
                    } => {
                        let (before, mut progress) = (*progress, *progress);
                        let mut frame = frame.clone();
                        let stimulus = stimulus.clone();
                        let advance =
                            match advance(machine, &mut progress, &mut frame, stimulus, context) {
                                Ok(advance) => Some(advance),
                                Err(Unmoved::Stale) => None,
                                Err(Unmoved::Exceeded) => return None,
                            };
                        Some(Evaluated::Advanced {
                            before,
                            frame,
                            progress,
                            advance,
                        })
                    }
                    Question::ChildInput { parent, index } => {
                        let input = map_run_input(machine, parent, *index, context);
                        (!effort.is_exceeded()).then(|| Evaluated::ChildInput {
                            parent: parent.id(),
                            index: *index,
                            input,
                        })
                    }
                }
            })
    }
}

impl Evaluated {
    /// The advance of a frame of an execution that has come this far, if that is what was evaluated: the frame, the
    /// progress, and what happened.
    #[must_use]
    pub fn into_advance(
        self,
        id: FrameId,
        now: Progress,
    ) -> Option<(Frame, Progress, Option<Advance>)> {
        match self {
            Self::Advanced {
                before,
                frame,
                progress,
                advance,
            } if frame.id() == id && before == now => Some((*frame, progress, advance)),
            _ => None,
        }
    }

    /// The input of this child execution, if that is what was evaluated.
    #[must_use]
    pub fn into_child_input(
        self,
        parent: FrameId,
        index: u32,
    ) -> Option<Result<Payload, ChildFailure>> {
        match self {
            Self::ChildInput {
                parent: of,
                index: at,
                input,
            } if (of, at) == (parent, index) => Some(input),
            _ => None,
        }
    }
}
