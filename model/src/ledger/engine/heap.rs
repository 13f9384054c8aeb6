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
use std::collections::BTreeMap;

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
}

#[derive(Clone, Debug, Default)]
struct Page {
    slots: Vec<Option<Version>>,
    used_bytes: usize,
    live: usize,
}

/// All row versions of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Heap {
    pages: Vec<Page>,
    /// Pages that were emptied and may be filled again.
    empty_pages: Vec<u32>,
    /// The page that new rows go to.
    target: u32,
    versions: usize,
    /// Chains whose first version was swept: the place the indexes know, and the first version left.
    redirects: BTreeMap<Tid, Tid>,
    /// The same, the other way round.
    roots: BTreeMap<Tid, Tid>,
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
                self.target = self.empty_pages.pop().unwrap_or_else(|| {
                    self.pages.push(Page::default());
                    (self.pages.len() - 1) as u32
                });
                self.target
            }
        };
        let number = page;
        let page = &mut self.pages[page as usize];
        page.slots.push(Some(version));
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
            self.pages.push(Page::default());
        }
        let page = &mut self.pages[tid.page as usize];
        if page.slots.len() <= tid.slot as usize {
            page.slots.resize(tid.slot as usize + 1, None);
        }
        let slot = &mut page.slots[tid.slot as usize];
        if slot.is_some() {
            return false;
        }
        page.used_bytes += version_bytes(&version.values);
        page.live += 1;
        *slot = Some(version);
        self.versions += 1;
        self.target = self.target.max(tid.page);
        true
    }

    /// The version at a place, unless it was swept.
    pub fn get(&self, tid: Tid) -> Option<&Version> {
        self.pages
            .get(tid.page as usize)?
            .slots
            .get(tid.slot as usize)?
            .as_ref()
    }

    /// The version at a place that the caller knows to be occupied.
    pub fn version(&self, tid: Tid) -> &Version {
        self.get(tid)
            .unwrap_or_else(|| panic!("invariant: {tid:?} holds a version"))
    }

    /// As [`Heap::version`], to change it.
    pub fn version_mut(&mut self, tid: Tid) -> &mut Version {
        let slot = self
            .pages
            .get_mut(tid.page as usize)
            .and_then(|page| page.slots.get_mut(tid.slot as usize));
        slot.and_then(Option::as_mut)
            .unwrap_or_else(|| panic!("invariant: {tid:?} holds a version"))
    }

    /// All versions in physical order.
    pub fn iter(&self) -> impl Iterator<Item = (Tid, &Version)> + '_ {
        self.pages.iter().enumerate().flat_map(|(number, page)| {
            page.slots
                .iter()
                .enumerate()
                .filter_map(move |(slot, version)| {
                    version.as_ref().map(|version| {
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
        self.redirects.get(&root).copied().unwrap_or(root)
    }

    /// Takes an ending back that a transaction which was undone had given a version; nothing happens if the
    /// version is gone or ended otherwise.
    pub fn revive(&mut self, tid: Tid, undone: Xid) {
        let slot = self
            .pages
            .get_mut(tid.page as usize)
            .and_then(|page| page.slots.get_mut(tid.slot as usize));
        if let Some(version) = slot.and_then(Option::as_mut)
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
        let version = self.remove(tid)?;
        let root = self.roots.remove(&tid);
        if version.heap_only && root.is_none() {
            // In the middle of a chain, or its undone end: its predecessor is what leads here, and no index.
            return None;
        }
        let root = root.unwrap_or(tid);
        let next = version.ending.as_ref().and_then(|ending| ending.next);
        if let Some(next) = next.filter(|next| self.get(*next).is_some_and(|next| next.heap_only)) {
            self.redirects.insert(root, next);
            self.roots.insert(next, root);
            return None;
        }
        self.redirects.remove(&root);
        Some((root, version))
    }

    /// Takes a dead version out.
    fn remove(&mut self, tid: Tid) -> Option<Version> {
        let page = self.pages.get_mut(tid.page as usize)?;
        let version = page.slots.get_mut(tid.slot as usize)?.take()?;
        page.live -= 1;
        page.used_bytes -= version_bytes(&version.values) - LINE_POINTER_BYTES;
        self.versions -= 1;
        if page.live == 0 {
            *page = Page::default();
            if tid.page != self.target {
                self.empty_pages.push(tid.page);
            }
        }
        Some(version)
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
        let values = vec![Value::Int(number)];
        Version {
            values,
            xmin: Xid(1),
            command: 0,
            ending: None,
            lockers: Vec::new(),
            heap_only: false,
        }
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
