//! The heap of one table: row versions in pages, in the order in which they were written.
//!
//! Pages matter for two reasons only: rows without ORDER BY come in physical order, and serializable reads
//! may be tracked by page. Sizes follow PostgreSQL's page layout (8 KiB pages, 24-byte headers, 4-byte line
//! pointers). The bytes of a version that is taken out are free at once, its line pointer only when the whole page
//! is empty, so that rows on a page keep the order in which they were written; PostgreSQL reuses line pointers a
//! little earlier. Start at [`Heap::place`].

use super::statement::RowLock;
use super::transaction::Xid;
use super::value::{Row, Value};
use std::collections::BTreeSet;

/// Where a row version stands: page, then position in the page. The order is the physical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tid {
    /// Page number, from 0.
    pub page: u32,
    /// Position in the page, from 0.
    pub slot: u16,
}

impl Tid {
    /// Before every other place.
    pub(super) const FIRST: Self = Self { page: 0, slot: 0 };
    /// Behind every place of a real heap.
    pub(super) const LAST: Self = Self {
        page: u32::MAX,
        slot: u16::MAX,
    };
}

/// How a row version ended, or will end if its transaction commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub xid: Xid,
    /// The command that ended it.
    pub command: u32,
    /// The version that replaced it; `None` means it was deleted.
    pub next: Option<Tid>,
    /// `Update` for deletes and changes of a key, else `NoKeyUpdate`.
    pub strength: RowLock,
}

/// One version of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub values: Row,
    /// The transaction that wrote it.
    pub xmin: Xid,
    /// The command that wrote it.
    pub command: u32,
    pub ending: Option<Ending>,
    /// Row locks; those of finished transactions count for nothing and are dropped when the list is next
    /// touched.
    pub lockers: Vec<(Xid, RowLock)>,
    /// Reached through its predecessor only: no index entry of its own, since no indexed column changed.
    pub heap_only: bool,
    /// Of the first version left of a chain whose first was swept: where on this page the indexes think it stands.
    pub root: Option<u16>,
}

impl Version {
    /// A version that nobody has ended or locked.
    pub fn new(values: Row, xmin: Xid, command: u32) -> Self {
        Self {
            values,
            xmin,
            command,
            ending: None,
            lockers: Vec::new(),
            heap_only: false,
            root: None,
        }
    }
}

/// A line pointer.
#[derive(Clone, Debug, Default)]
enum Slot {
    /// Nothing stands here, or no longer.
    #[default]
    Free,
    Version(Version),
    /// The first version of a chain stood here; what is left of it begins at this slot of the same page.
    Redirect(u16),
}

impl Slot {
    fn version(&self) -> Option<&Version> {
        match self {
            Self::Version(version) => Some(version),
            _ => None,
        }
    }

    fn version_mut(&mut self) -> Option<&mut Version> {
        match self {
            Self::Version(version) => Some(version),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Page {
    slots: Vec<Slot>,
    used_bytes: usize,
    live: usize,
}

/// All row versions of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Heap {
    pages: Vec<Page>,
    /// Empty pages that may be filled again; the target is not among them.
    empty_pages: BTreeSet<u32>,
    /// The page that new rows go to.
    target: u32,
    versions: usize,
}

const PAGE_BYTES: usize = 8192 - 24;
const LINE_POINTER_BYTES: usize = 4;
/// `MaxHeapTuplesPerPage`.
const PAGE_SLOTS_MAX: usize = 291;

impl Heap {
    /// Writes a version, on `near` if it fits there, and tells where it stands.
    pub fn place(&mut self, version: Version, near: Option<Tid>) -> Tid {
        let bytes = version_bytes(&version.values);
        let near = near
            .map(|tid| tid.page)
            .filter(|page| self.fits(*page, bytes));
        let page = match near {
            Some(page) => page,
            None if self.fits(self.target, bytes) => self.target,
            None => {
                self.target = self.empty_pages.pop_first().unwrap_or_else(|| {
                    self.pages.push(Page::default());
                    (self.pages.len() - 1) as u32
                });
                self.target
            }
        };
        let number = page;
        let page = &mut self.pages[page as usize];
        page.slots.push(Slot::Version(version));
        page.used_bytes += bytes;
        page.live += 1;
        self.versions += 1;
        Tid {
            page: number,
            slot: (page.slots.len() - 1) as u16,
        }
    }

    /// Writes a version at a place known from the log.
    ///
    /// Returns false when the place is taken, which means that the log contradicts itself.
    pub fn place_at(&mut self, tid: Tid, version: Version) -> bool {
        while self.pages.len() <= tid.page as usize {
            self.empty_pages.insert(self.pages.len() as u32);
            self.pages.push(Page::default());
        }
        let page = &mut self.pages[tid.page as usize];
        if page.slots.len() <= tid.slot as usize {
            page.slots.resize(tid.slot as usize + 1, Slot::Free);
        }
        let slot = &mut page.slots[tid.slot as usize];
        if !matches!(slot, Slot::Free) {
            return false;
        }
        page.used_bytes += version_bytes(&version.values);
        page.live += 1;
        *slot = Slot::Version(version);
        self.versions += 1;
        self.empty_pages.remove(&tid.page);
        if tid.page > self.target {
            let before = std::mem::replace(&mut self.target, tid.page);
            let empty = self.pages[before as usize].slots.is_empty();
            self.empty_pages.extend(Some(before).filter(|_| empty));
        }
        true
    }

    /// The version at a place, unless it was swept.
    pub fn get(&self, tid: Tid) -> Option<&Version> {
        self.pages
            .get(tid.page as usize)?
            .slots
            .get(tid.slot as usize)?
            .version()
    }

    /// The version at a place that the caller knows to be occupied.
    pub fn version(&self, tid: Tid) -> &Version {
        self.get(tid)
            .unwrap_or_else(|| panic!("invariant: {tid:?} holds a version"))
    }

    /// As [`Heap::version`], to change it.
    pub fn version_mut(&mut self, tid: Tid) -> &mut Version {
        self.get_mut(tid)
            .unwrap_or_else(|| panic!("invariant: {tid:?} holds a version"))
    }

    fn get_mut(&mut self, tid: Tid) -> Option<&mut Version> {
        let page = self.pages.get_mut(tid.page as usize)?;
        page.slots.get_mut(tid.slot as usize)?.version_mut()
    }

    /// All versions in physical order.
    pub fn iter(&self) -> impl Iterator<Item = (Tid, &Version)> + '_ {
        self.pages.iter().enumerate().flat_map(|(number, page)| {
            page.slots
                .iter()
                .enumerate()
                .filter_map(move |(slot, version)| {
                    version.version().map(|version| {
                        (
                            Tid {
                                page: number as u32,
                                slot: slot as u16,
                            },
                            version,
                        )
                    })
                })
        })
    }

    /// How many versions there are, dead ones included.
    pub fn len(&self) -> usize {
        self.versions
    }

    /// Where the chain that the indexes know by `root` begins now.
    pub fn chain_start(&self, root: Tid) -> Tid {
        let page = self.pages.get(root.page as usize);
        match page.and_then(|page| page.slots.get(root.slot as usize)) {
            Some(Slot::Redirect(slot)) => Tid {
                slot: *slot,
                ..root
            },
            _ => root,
        }
    }

    /// Takes an ending back that a transaction which was undone had given a version; nothing happens if the
    /// version is gone or ended otherwise.
    pub fn revive(&mut self, tid: Tid, undone: Xid) {
        if let Some(version) = self.get_mut(tid)
            && version
                .ending
                .as_ref()
                .is_some_and(|ending| ending.xid == undone)
        {
            version.ending = None;
        }
    }

    /// Takes a dead version out of its chain. If no version of the chain is left, returns the place the
    /// indexes know it by, whose entries must go too; otherwise they keep it, and with it the place of the
    /// row in the order of scans.
    pub fn remove_from_chain(&mut self, tid: Tid) -> Option<(Tid, Version)> {
        let version = self.get(tid)?;
        if version.heap_only && version.root.is_none() {
            // The undone end of a chain: its predecessor is what leads here, and no index.
            self.remove(tid);
            return None;
        }
        let root = version.root.unwrap_or(tid.slot);
        let next = version.ending.as_ref().and_then(|ending| ending.next);
        let next = next.filter(|next| self.get(*next).is_some_and(|next| next.heap_only));
        let version = self.remove(tid)?;
        let place = Tid { slot: root, ..tid };
        if let Some(next) = next {
            self.version_mut(next).root = Some(root);
            self.set_slot(place, Slot::Redirect(next.slot));
            return None;
        }
        self.set_slot(place, Slot::Free);
        Some((place, version))
    }

    /// Takes a dead version out.
    fn remove(&mut self, tid: Tid) -> Option<Version> {
        let page = self.pages.get_mut(tid.page as usize)?;
        let slot = page.slots.get_mut(tid.slot as usize)?;
        let Slot::Version(version) = std::mem::take(slot) else {
            return None;
        };
        page.live -= 1;
        page.used_bytes -= version_bytes(&version.values) - LINE_POINTER_BYTES;
        self.versions -= 1;
        if page.live == 0 {
            *page = Page::default();
            if tid.page != self.target {
                self.empty_pages.insert(tid.page);
            }
        }
        Some(version)
    }

    /// Sets a line pointer that holds no version; one of a page that was emptied is gone anyhow.
    fn set_slot(&mut self, tid: Tid, to: Slot) {
        let page = self.pages.get_mut(tid.page as usize);
        if let Some(slot) = page.and_then(|page| page.slots.get_mut(tid.slot as usize)) {
            *slot = to;
        }
    }

    fn fits(&self, page: u32, bytes: usize) -> bool {
        self.pages.get(page as usize).is_some_and(|page| {
            let room = page.used_bytes + bytes <= PAGE_BYTES && page.slots.len() < PAGE_SLOTS_MAX;
            room || page.slots.is_empty()
        })
    }
}

/// Bytes of one version and its line pointer.
fn version_bytes(values: &[Value]) -> usize {
    let data = values.iter().fold(0usize, |offset, value| {
        let aligned = if matches!(value, Value::Int(_)) {
            offset.next_multiple_of(8)
        } else {
            offset
        };
        aligned + value.width_bytes()
    });
    LINE_POINTER_BYTES + 24 + data.next_multiple_of(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: i64) -> Version {
        Version::new(vec![Value::Int(number)], Xid(1), 0)
    }

    #[test]
    fn pages_fill_up_in_order_and_empty_ones_are_reused() {
        let mut heap = Heap::default();
        let tids: Vec<Tid> = (0..500)
            .map(|number| heap.place(version(number), None))
            .collect();
        assert!(tids.is_sorted());
        assert_eq!(tids.iter().filter(|tid| tid.page == 0).count(), 226);
        assert_eq!(
            heap.place(version(-1), Some(tids[0])).page,
            2,
            "a full page takes no neighbour"
        );
        for tid in tids.iter().filter(|tid| tid.page == 0) {
            assert!(heap.remove(*tid).is_some());
        }
        for number in 0..400 {
            heap.place(version(number), None);
        }
        assert_eq!(
            heap.iter().next().map(|(tid, _)| tid),
            Some(Tid { page: 0, slot: 0 })
        );
        assert_eq!(heap.iter().count(), heap.len());
    }
}
