//! People who come and go while it is measured, and what goes wrong for them: nobody's mishap ends the others' run.

use std::time::Instant;

use super::crowd::Crowd;
use super::error::LoadError;
use super::person::{Person, Trouble};
use super::plan::Act;

impl Crowd {
    /// Does what the plan has due by `now`.
    ///
    /// # Errors
    /// If this machine has no sockets left.
    pub(super) fn follow_plan(&mut self, now: Instant) -> Result<(), LoadError> {
        while let Some(act) = self.plan.as_mut().and_then(|plan| plan.due(now, self.people.len())) {
            match act {
                Act::Come => {
                    let number = self.people.len();
                    let Some(room) = number.checked_rem(self.rooms.len()) else { continue };
                    let person = self.newcomer(number, room, false, now)?;
                    self.people.push(person);
                }
                Act::Leave(who) => self.lose(who, now),
                Act::Return(who) => self.bring_back(who, now)?,
            }
        }
        Ok(())
    }

    fn newcomer(
        &self,
        number: usize,
        room: usize,
        publishes: bool,
        now: Instant,
    ) -> Result<Person, LoadError> {
        let id = self.rooms.get(room).map_or("", String::as_str);
        let mut person = Person::enter(&self.shared, number, (room, id), publishes, now)?;
        person.is_newcomer = true;
        Ok(person)
    }

    /// Somebody leaves. What they received is kept.
    fn lose(&mut self, who: usize, now: Instant) {
        let Some(person) = self.people.get_mut(who).filter(|person| !person.is_away) else { return };
        person.leave(&mut self.shared, now);
        self.arrivals.extend(person.arrival());
        self.former.extend(person.remember(now));
        self.alarms.set(who, None);
        self.plan.iter_mut().for_each(|plan| plan.comes_back(who, now));
    }

    /// Somebody who left comes as somebody new; somebody whose socket ended opens another one.
    fn bring_back(&mut self, who: usize, now: Instant) -> Result<(), LoadError> {
        let Some(person) = self.people.get_mut(who) else { return Ok(()) };
        if !person.is_away {
            return person.reopen(&self.shared);
        }
        let (room, publishes) = (person.room, person.publishes);
        let person = self.newcomer(who, room, publishes, now)?;
        if let Some(place) = self.people.get_mut(who) {
            *place = person;
        }
        Ok(())
    }

    /// Counts what went wrong, and does what a page does then.
    pub(super) fn recover(&mut self, now: Instant) {
        for who in std::mem::take(&mut self.troubled) {
            let people = self.people.len();
            let Some(person) = self.people.get_mut(who).filter(|person| !person.is_away) else { continue };
            match person.trouble.take() {
                None => continue,
                Some(Trouble::Connection(_)) => {
                    self.mishaps.connections += 1;
                    person.rebuild(&mut self.shared, now);
                    continue;
                }
                Some(Trouble::Closed(_)) => self.mishaps.sockets += 1,
                Some(Trouble::Refused(code, message)) => {
                    self.mishaps.refused += 1;
                    let refused = LoadError::Refused { person: who + 1, people, code, message };
                    self.mishaps.first.get_or_insert_with(|| refused.to_string());
                    // Whoever is inside stays there.
                    if person.entered.is_some() {
                        continue;
                    }
                }
            }
            self.plan.iter_mut().for_each(|plan| plan.comes_back(who, now));
        }
    }
}
