mod emote;
mod observe_events;
mod say;
mod whisper;
